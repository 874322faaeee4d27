# Runs a program that reads standard input and writes standard output. Job: the program.
import builtins

builtins.exit = builtins.quit = sys.exit
program = job[0].decode()
send(b"s")
code = compiled(program, "solution.py")
main = sys.modules["__main__"] = type(sys)("__main__")  # none of the names above
main.__dict__["__builtins__"] = builtins
try:
    exec(code, main.__dict__)
except MemoryError as error:
    send_failure(error)
    raise
