# Calls a function of a solution once for every input; each result leaves at once. Job: program,
# name of the function, seconds of processor time for a call, inputs.
import signal

program, entry, seconds = job[0].decode(), job[1].decode(), float(job[2])
os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
send(b"s")
try:
    scope = {}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    exec(compiled(program, "solution.py"), scope)
    function = scope[entry]
    for arguments in job[3:]:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        output = function(*marshal.loads(arguments))
        signal.setitimer(signal.ITIMER_PROF, 0)
        send(b"r", packed(output))
except BaseException as error:
    send_failure(error)
os._exit(0)
