#!/usr/bin/env python3
"""Values as CPython's marshal writes them, and which of them CPython calls equal; also what
numpy.allclose says of pairs. Prints python_values.json (made with CPython 3.11.7, numpy 2.4.6).

    tests/evals/make_python_values.py > tests/evals/python_values.json
"""
import json
import marshal
import warnings

import numpy

VALUES = """None True False 1 0 -7 2**31 -2**31 2**100 -2**100 1.0 0.5 -0.0 float('inf') 1e300 10**300 2.0**100 1j
1+0j 'a' 'é' '\\ud800' b'a' [1,2] (1,2) [1.0,True] {1,2} {2.0,1} frozenset([1,2]) {'a':1,'b':[2]}
{'b':[2.0],'a':True} [] () {} set() [[1],(2,)] float('nan') [float('nan')] ... 2**53 2.0**53 2**53+1
123456789012345678901234567890 1.2345678901234568e+29 {(1,2.0),'x'} {'x',(True,2)} {1:'a'} {True:'a'}
[None] 'None' 32767 32768 -32768 1073741824""".split()
CLOSE = [("1.0", "1.0000000001"), ("1.0", "1.00001"), ("[1.0,2.0]", "[1.0,2.0000001]"), ("[1.0,2.0]", "[1.0]"),
         ("float('inf')", "float('inf')"), ("float('inf')", "1.0"), ("float('nan')", "float('nan')"),
         ("[[1.0],[2.0]]", "[[1.0],[2.0000001]]"), ("0.0", "1e-7"), ("0.0", "1e-5"), ("'a'", "'a'"), ("1", "1"),
         ("100000000", "100000001"), ("None", "1.0"), ("1+1j", "1+1.0000000001j"), ("[]", "[]"), ("(1.0,)", "[1.0]"),
         ("True", "1.0"), ("[1.0,None]", "[1.0,None]"), ("-1e300", "1e300"), ("1e300", "1.00000001e300")]


def close(a, b):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(numpy.allclose(a, b, rtol=1e-7, atol=1e-6))
    except Exception:
        return False


def packed(text):
    return marshal.dumps(eval(text), 2).hex()


values = [eval(text) for text in VALUES]
equal = [[i, j] for i, a in enumerate(values) for j, b in enumerate(values) if i < j and a == b]
print(json.dumps({"values": [[text, packed(text)] for text in VALUES], "equal": equal,
                  "close": [[a, b, packed(a), packed(b), close(eval(a), eval(b))] for a, b in CLOSE]}, indent=1))
