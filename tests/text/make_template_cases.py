"""Writes template_cases.json: small templates and what Jinja2 makes of them.

Usage: make_template_cases.py > template_cases.json       Made with Jinja2 3.1.6, Python 3.11.7.

Jinja2 is set up as transformers 4.57 does in utils/chat_template_utils.py (_compile_jinja_template):
ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop controls, tojson, raise_exception.
The file: "cases", [[template, output]] or [template, null] where Jinja2 raises, all seeing VARIABLES;
"chats", [[file of the template, input, output or null]]; "reasoning", [[text, reasoning, answer]] by the
expressions with which Qwen3.5's template takes a text apart.
"""
import itertools
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = {
    "s": "Hello, World", "empty": "", "n": 7, "f": 2.5, "t": True, "no": None, "xs": [3, 1, 2], "none_list": [],
    "d": {"b": 2, "a": 1, "c": {"k": [1, "x", None, True, 1.5]}}, "uni": "\u00e4\u00df\U0001f600\u4f60 e\u0301",
    "ms": [{"role": "system", "content": "S"}, {"role": "user", "content": "U1"},
           {"role": "assistant", "content": "A1", "tool_calls": [{"name": "f", "args": {"x": 1}}]},
           {"role": "user", "content": "U2"}],
    "html": "<b>\"x\" & 'y'</b>", "lines": "one\n  two\n\nthree\n", "words": ["b", "A", "c", "a", "B"],
    "people": [{"n": "Zoe", "a": {"y": 3}}, {"n": "adam", "a": {"y": 1}}, {"n": "Bob", "a": {"y": 2}}],
    "quotes": "it's \"q\"\n\t\\", "items_dict": {"items": 1, "keys": 2, "x": 3},
}

TEMPLATES = r"""
{{ s }}|{{ n }}|{{ f }}|{{ t }}|{{ no }}|{{ xs }}|{{ d }}|{{ missing }}
{{ [1, 'a', "it's", 'say "x"', none, true, 1.0, (1,), (), {'k': [1]}] }}
{{ quotes }}|{{ [quotes] }}|{{ uni }}|{{ [uni] }}
{{ 1e100 }} {{ 1e16 }} {{ 123456789012345.6 }} {{ 0.1 }} {{ 1e-5 }} {{ 0.0001 }} {{ -0.0 }} {{ 5.0 }} {{ 1e22 }}
{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5 }} {{ 1e3 }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 3 ** 2 }} {{ 2 ** -1 }}
{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1 / 3 }} {{ 3 / 1 }} {{ 2 * 1.5 }} {{ true + 1 }} {{ -n }} {{ +n }} {{ - -n }}
{{ -2 ** 2 }} {{ (-2) ** 2 }} {{ 10 - 3 - 2 }} {{ 100 / 10 / 2 }} {{ 2 + 3 ~ 4 + 5 }} {{ 1 ~ 2 * 3 ~ none }}
{{ 1 // 0 }}
{{ 1.5 % 0 }}
{{ 'a' + 1 }}
{{ 'a' * 3 }}|{{ 3 * 'ab' }}|{{ [1] * 2 }}|{{ 'a' * -1 }}|{{ [1, 2] + [3] }}|{{ (1,) + (2,) }}
{{ 'a' ~ 1 ~ none ~ [1] ~ missing }}
{{ 1 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'a' == 1 }} {{ none == false }} {{ 1 != 2 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 >= 2 }} {{ 1 == 1 == 2 }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ 'ell' in s }} {{ 'x' not in s }} {{ 3 in xs }} {{ 'a' in d }} {{ 1 in d }} {{ '' in 'a' }} {{ 'x' in missing }} {{ 1 in [1.0] }}
{{ 1 in s }}
{{ 1 in 5 }}
{{ 'a' in none }}
{{ not t }} {{ not none }} {{ t and n }} {{ none or s }} {{ '' or 0 }} {{ 0 and x.y.z }} {{ 1 and 'b' or 'c' }} {{ not 1 == 2 }}
{{ 'y' if t else 'n' }} {{ 'y' if no else 'n' }} [{{ 'y' if no }}] {{ 'a' if no else 'b' if t else 'c' }}
{{ (1 if t else 2) + 1 }} {{ 1 if t else 2 + 1 }}
{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[:-3] }} {{ s[-3:] }} {{ s[::2] }} {{ s[10:2:-3] }} {{ s[100:] }}|{{ s[100] }}|
{{ xs[0] }} {{ xs[-1] }} {{ xs[1:] }} {{ xs[::-1] }} {{ xs[5] }}| {{ xs[-5:2] }} {{ xs[2:0:-1] }} {{ xs[:] }} {{ xs[none:2] }}
{{ uni[0] }} {{ uni[2] }} {{ uni[-1] }} {{ uni|length }} {{ uni[1:4] }} {{ uni[::-1] }}
{{ d.a }} {{ d['b'] }} {{ d.c.k[1] }} {{ d['c']['k'][-1] }} {{ d.zz }}| {{ d['zz'] }}| {{ d.get('a') }} {{ d.get('q') }} {{ d.get('q', 5) }}
{{ d.c.zz.y }}
{{ missing.x }}
{{ missing['x'] }}
{{ missing() }}
{{ none.x }}|{{ n.x }}|{{ s.x }}|{{ n[0] }}|{{ none[0] }}
{{ items_dict['items'] }} {{ items_dict.x }} {{ items_dict.items() | list }} {{ items_dict.get('keys') }}
{{ items_dict.items is callable }} {{ items_dict['items'] is callable }} {{ d.keys() | list }} {{ d.values() | list }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}|{% for c in 'h\u00e9y' %}{{ c }}.{% endfor %}|{% for x in missing %}x{% else %}none{% endfor %}
{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in xs if x > 1 %}{{ x }}/{{ loop.index }}/{{ loop.length }};{% else %}none{% endfor %}
{% for x in xs if x > 10 %}{{ x }}{% else %}none{% endfor %}
{% for x in none_list %}x{% else %}empty{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}|{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in xs %}{% for y in xs %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}{% endfor %}
{% for x in xs %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }} {% endfor %}
{% set y = 1 %}{% for x in xs %}{% set y = y + x %}{{ y }} {% endfor %}{{ y }}
{% set ns = namespace(y=1, z='q') %}{% for x in xs %}{% set ns.y = ns.y + x %}{% endfor %}{{ ns.y }}{{ ns.z }}{{ ns.w }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}{% set ns.c = [ns.a] %}{{ ns.c }}
{% set d.a = 5 %}
{% set a, b = 1, 'x' %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}{% set (e, g) = [5, 6] %}{{ e }}{{ g }}
{% set x %}block {{ n }}{% set inner = 5 %}{% endset %}[{{ x }}]{{ inner }}|{{ x is string }}
{% set x | upper | replace('B', 'p') %}block {{ n }}{% endset %}[{{ x }}]
{% if false %}{% set q = 1 %}{% endif %}{{ q is defined }}{% if true %}{% set q = 1 %}{% endif %}{{ q }}
{% if n == 7 %}a{% elif n == 8 %}b{% else %}c{% endif %}{% if n == 8 %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if 0 %}a{% elif '' %}b{% else %}c{% endif %}
{% if missing %}y{% else %}n{% endif %}{% if [] %}y{% else %}n{% endif %}{% if {} %}y{% else %}n{% endif %}{% if 0.0 %}y{% else %}n{% endif %}{% if 'x' %}y{% endif %}
{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c='z') }}{{ m(b=5, a=4) }}{{ m() }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}
{% macro m(a, a2=a) %}{{ a }}{{ a2 }}{% endmacro %}{{ m(1) }}
{% macro rec(k) %}{{ k }}{% if k > 0 %}{{ rec(k - 1) }}{% endif %}{% endmacro %}{{ rec(5) }}
{% macro m() %}{{ glob }}{% endmacro %}{% set glob = 1 %}{{ m() }}{% set glob = 2 %}{{ m() }}
{% macro m() %}{{ n }}{% set n = 9 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}
{% macro m(x) %}{{ x }}{{ caller() }}{{ caller is defined }}{% endmacro %}{% call m(1) %}body{{ n }}{% endcall %}
{% macro m(xs) %}{% for x in xs %}<{{ caller(x) }}>{% endfor %}{% endmacro %}{% call(y) m([1, 2]) %}{{ y * 2 }}{% endcall %}
{% macro m() %}  x  {% endmacro %}[{{ m()|trim }}]{{ m() is string }}{{ m is callable }}{{ (m() ~ 'a')|length }}
{% filter upper %}abc {{ s }}{% endfilter %}{% filter trim|lower %}  ABC {% endfilter %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% set q = 3 %}{{ q }}{% endwith %}{{ a }}{{ q }}
{% with a = 1 %}{% with a = a + 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% endwith %}
{# comment #}a{#- x -#} b {#+ c +#} d{# {{ x }} {% if %} #}
{% raw %}{{ x }} {% if %} {# c #}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b
{{ "a\nb\t\"q\" \x41 \u00e4 \U0001F600 \\ \q \101 \0" }}|{{ 'it''s' "x" }}
{{ {'a': 1, 'b': {'c': 2}, 3: 'x', none: 1, true: 2} }}|{{ {'a': {}}['a'] }}|{{ {'a': 1,} }}|{{ [1, 2,] }}
{{ {'a': {'b': {}}} }}
{{ ({}|length) }}{{ {}}}
{{ 'a' 'b' }} {{ ('a', 'b')[1] }} {{ (1) }} {{ (1,)[0] }} {{ 1, 2 }} {{ () }}
{{ xs.0 }} {{ xs.1 }}| {{ d.c.k.1 }}
{{ true }} {{ True }} {{ false }} {{ False }} {{ none }} {{ None }}
{{ s|upper }} {{ s|lower }} {{ s|title }} {{ 'hello wORLD-x (y) don\'t'|title }} {{ s|capitalize }} {{ s|length }} {{ s|first }} {{ s|last }} {{ s|reverse }}
{{ uni|upper }} {{ uni|capitalize }} {{ 'ÄÖ'|lower }} {{ 'straße'.upper() }} {{ 'ǆ'|title }}
{{ '  a b '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ s|trim('Hd') }}|{{ n|trim }}|{{ '\u00a0\u3000x\u2003'|trim }}|{{ '\x1cx\x1f'|trim }}
{{ s|replace('l', 'L') }} {{ s|replace('l', 'L', 1) }} {{ n|replace(7, 8) }} {{ 'aaa'|replace('', '-') }} {{ 'aaa'|replace('a', '') }}|
{{ missing|default('x') }} {{ ''|default('x') }}| {{ ''|default('x', true) }} {{ none|d('x') }} {{ none|d('x', boolean=true) }} {{ missing|d }}|{{ missing.x|default('y') }}
{{ d.zz|default('q') }} {{ d.zz.y|default('q') }}
{{ xs|join }} {{ xs|join(', ') }} {{ xs|join('-', attribute='x') }} {{ people|join('/', attribute='n') }} {{ 'abc'|join('.') }} {{ ms|map(attribute='role')|join(',') }}
{{ xs|sort }} {{ xs|sort(reverse=true) }} {{ words|sort }} {{ words|sort(case_sensitive=true) }} {{ people|sort(attribute='n')|map(attribute='n')|list }} {{ people|sort(attribute='a.y')|map(attribute='n')|list }}
{{ xs|sort|first }} {{ [1, 'a']|sort }}
{{ xs|min }} {{ xs|max }} {{ words|max }} {{ []|max }}| {{ people|max(attribute='a.y') }} {{ xs|sum }} {{ people|sum(attribute='a.y') }} {{ [0.1, 0.2]|sum }} {{ []|sum(start=5) }}
{{ xs|unique|list }} {{ [1, 1, 2, 'a', 'A', 1.0]|unique|list }} {{ ['a', 'A']|unique(true)|list }} {{ people|unique(attribute='n')|list|length }}
{{ xs|list }} {{ 'abc'|list }} {{ d|list }} {{ xs|reverse|list }} {{ []|first }}| {{ xs|last }} {{ d|first }} {{ d|length }} {{ d|count }}
{{ n|length }}
{{ none|length }}
{{ missing|length }} {{ missing|list }} {{ missing|join }} {{ missing|upper }}| {{ missing|int(3) if false }}
{{ missing|int }}
{{ d|items|list }} {{ d|dictsort }} {{ d|dictsort(reverse=true) }} {{ {'b': 1, 'A': 2, 'a': 0}|dictsort }} {{ {'b': 1, 'a': 2}|dictsort(false, 'value') }} {{ missing|items|list }}
{{ 5|items|list }}
{{ '42'|int }} {{ ' 42 '|int }} {{ 'x'|int }} {{ 'x'|int(9) }} {{ '3.7'|int }} {{ 3.7|int }} {{ -3.7|int }} {{ '0x1f'|int(0, 16) }} {{ '1f'|int(base=16) }} {{ true|int }} {{ none|int }} {{ '1_000'|int }} {{ ''|int }}
{{ '4.5'|float }} {{ 'x'|float }} {{ 'x'|float(1.5) }} {{ 3|float }} {{ '1e3'|float }} {{ 'inf'|float }} {{ none|float }} {{ '-.5'|float }} {{ 'nan'|float }}
{{ -5|abs }} {{ -2.5|abs }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.9|round(method='floor') }} {{ 5|round }} {{ 1234.567|round(-2) }} {{ 5|round(1) }} {{ 1.25|round(1) }}
{{ 'a'|abs }}
{{ n|string + 'x' }} {{ none|string }} {{ [1]|string|length }} {{ 1.0|string }} {{ true|string }}
{{ html|escape }} {{ html|e }} {{ html|safe }} {{ html|safe|e }} {{ html|forceescape }} {{ (html|e)|forceescape }}
{{ ('<a>'|safe) + '<b>' }} {{ '<b>' + ('<a>'|safe) }} {{ ('<a>'|safe) ~ '<b>' ~ 1 }} {{ ('<'|e) * 2 }} {{ ['<a>'|safe, '<b>']|join('<') }} {{ [1, '<a>'|safe] }}
{{ ('<a>'|safe) is escaped }} {{ '<a>' is escaped }} {{ ('<a>'|safe) == '<a>' }} {{ ('<a>'|safe)|length }} {{ ('<a>'|safe) is string }} {{ ('<a>'|safe)|tojson }}
{{ lines|indent }}|{{ lines|indent(2, true) }}|{{ lines|indent(2, blank=true) }}|{{ lines|indent('> ') }}|{{ 'x'|indent(first=true) }}|{{ ''|indent }}|{{ 'a\r\nb'|indent(1) }}
{{ 'abc'|center(9) }}|{{ 'abc'|center(8) }}|{{ 'ab'|center(5) }}|{{ 'abc'.center(8, '*') }}|{{ 'ab'.center(5, '*') }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '-') }}|{{ '-5'.zfill(4) }}|{{ 'x'.zfill(3) }}
{{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(9, true) }} {{ 'foo bar baz qux'|truncate(11) }} {{ 'foo bar baz qux'|truncate(11, false, '..') }} {{ 'foo bar baz qux'|truncate(9, leeway=0) }} {{ 'foobarbazqux'|truncate(5, false, '', 0) }}
{{ '%s is %d and %.2f %% %r %x %5s|%-5s|%05d'|format('a', 3.9, 2.555, 'q', 255, 'r', 'l', 42) }} {{ '%s' % 'x' }} {{ '%s-%s' % (1, 2) }} {{ '%+d' % 3 }}
{{ '%s %s' % 'x' }}
{{ '%d' % 'x' }}
{{ 'a b  c'|wordcount }} {{ 'x, y! z_1'|wordcount }}
{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 0)|list }} {{ [1, 2, 3, 4, 5]|slice(3)|list }} {{ [1, 2, 3, 4, 5]|slice(3, 'x')|list }}
{{ xs|map('string')|list }} {{ words|map('upper')|join }} {{ people|map(attribute='a.y')|list }} {{ ms|map(attribute='tool_calls', default='-')|list|length }} {{ [' a ', 'b ']|map('trim')|list }} {{ [1.234, 5.678]|map('round', 1)|list }}
{{ ms|selectattr('role', 'equalto', 'user')|map(attribute='content')|list }} {{ ms|rejectattr('role', 'eq', 'user')|list|length }} {{ ms|selectattr('tool_calls')|list|length }} {{ ms|selectattr('tool_calls', 'defined')|list|length }} {{ ms|rejectattr('tool_calls', 'undefined')|list|length }} {{ ms|selectattr('role', 'in', ['system', 'assistant'])|list|length }}
{{ xs|select('odd')|list }} {{ xs|reject('odd')|list }} {{ [0, 1, '', 'a', none]|select|list }} {{ [0, 1]|reject|list }} {{ xs|select('gt', 1)|list }} {{ xs|select('divisibleby', 3)|list }} {{ ['a', 1]|select('string')|list }}
{{ d|tojson }} {{ s|tojson }} {{ quotes|tojson }} {{ uni|tojson }} {{ none|tojson }} {{ t|tojson }} {{ 1.0|tojson }} {{ 1e100|tojson }} {{ (1, 2)|tojson }} {{ html|tojson }} {{ '\x00\x1f\x7f\u2028/'|tojson }}
{{ d|tojson(indent=2) }}|{{ []|tojson(indent=2) }}|{{ {}|tojson(indent=4) }}|{{ [[], {}, [1]]|tojson(indent=1) }}|{{ d|tojson(indent=0) }}
{{ d|tojson(sort_keys=true) }} {{ uni|tojson(ensure_ascii=true) }} {{ d|tojson(separators=(',', ':')) }} {{ d|tojson(none) }} {{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}
{{ missing|tojson }}
{{ [missing]|tojson }}
{{ namespace()|tojson }}
{{ s|nofilter }}
{{ s is notest }}
{{ s is defined }} {{ missing is defined }} {{ missing is not defined }} {{ d.zz is undefined }} {{ none is none }} {{ 0 is none }} {{ s is string }} {{ n is string }} {{ d is mapping }} {{ xs is mapping }}
{{ xs is iterable }} {{ s is iterable }} {{ n is iterable }} {{ d is iterable }} {{ none is iterable }} {{ missing is iterable }} {{ xs is sequence }} {{ s is sequence }} {{ d is sequence }} {{ n is sequence }} {{ missing is sequence }} {{ (1, 2) is sequence }}
{{ n is number }} {{ f is number }} {{ t is number }} {{ s is number }} {{ n is integer }} {{ t is integer }} {{ f is integer }} {{ f is float }} {{ n is float }} {{ t is boolean }} {{ n is boolean }} {{ 1 is true }} {{ t is true }} {{ false is false }} {{ 0 is false }}
{{ 4 is even }} {{ 4 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(4) }} {{ n is eq 7 }} {{ n is equalto(7) }} {{ n is ne 7 }} {{ n is lt 8 }} {{ n is gt(8) }} {{ n is ge 7 }} {{ n is le 6 }} {{ n is sameas 7 }} {{ none is sameas none }} {{ n is in [7] }} {{ 'a' is in 'abc' }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'aB' is upper }} {{ '1' is lower }} {{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ range is callable }} {{ s is callable }} {{ s is not string }} {{ not s is string }}
{{ s is string and n is number }} {{ s is defined or missing }} {{ 'x' if s is defined else 'y' }} {{ n is number == true }} {{ xs|length is gt 2 }} {{ n + 1 is number }}
{{ s.split(', ') }} {{ 'a  b c'.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b '.split(' ') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a b  c d'.split(none, 2) }} {{ 'a b  c d '.rsplit(none, 2) }} {{ 'a b'.split(maxsplit=0) }}
{{ 'x'.split('') }}
{{ ' a b '.rsplit(none, 0) }} {{ ' a b  c '.rsplit(none, 1) }} {{ 'a b  c '.split(none, 1) }}
{{ '  x '.strip() }}|{{ '  x '.lstrip() }}|{{ '  x '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\n\nx\n'.strip('\n') }}|{{ 'abcab'.lstrip('ab') }}|{{ 'héé'.rstrip('é') }}|{{ 'x'.strip(none) }}
{{ s.startswith('He') }} {{ s.endswith('ld') }} {{ s.startswith(('a', 'H')) }} {{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ "they're o'k 3rd".title() }} {{ s.capitalize() }} {{ s.replace('l', '', 2) }} {{ s.find('o') }} {{ s.rfind('o') }} {{ s.find('zz') }} {{ s.count('l') }} {{ s.index('W') }} {{ uni.find('你') }}
{{ s.index('zz') }}
{{ '-'.join(['a', 'b']) }} {{ ''.join('abc') }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'a\nb\n'.splitlines(true) }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ 'abc'.rpartition('x') }}
{{ '-'.join([1]) }}
{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ ' \n'.isspace() }} {{ ''.isdigit() }} {{ 'A'.isupper() }} {{ 'a1'.islower() }} {{ '1'.islower() }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'abc'.removeprefix('x') }}
{{ '{} {} {{x}}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{x}'.format(x=5) }}
{{ xs.index(1) }} {{ xs.count(3) }} {{ [1, 1].count(1) }} {{ (1, 2).index(2) }} {{ xs.copy() }} {{ d.copy() == d }}
{{ xs.append(4) }}
{{ xs.append is defined }} {{ d.update is defined }} {{ s.__class__ is defined }} {{ d.pop is defined }}
{{ d.update({'x': 1}) }}
{{ s.__class__.__mro__ }}
{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {% for i in range(2, 8, 3) %}{{ i }}{% endfor %} {{ range(3)|length }} {{ range(10)[2] }}
{{ range(1000000) }}
{{ range(1, 2, 0) }}
{{ dict(a=1, b='x') }} {{ dict({'q': 1}, r=2) }} {{ dict([('a', 1)]) }} {{ dict() }}
{{ raise_exception('boom') }}
{% if n == 7 %}{{ raise_exception('boom ' ~ n) }}{% endif %}
{{ s | upper | replace('L', 'x') | length }} {{ -n|abs }} {{ 'a' ~ s|upper }} {{ s[0]|lower ~ 1 }} {{ (xs|first) + 1 }} {{ xs|first + 1 }} {{ not xs|length }}
{{ xs|length == 3 and s|length > 2 }} {{ [1, 2]|length + 1 }} {{ {'a': [1, 2]}.a|length }} {{ 'a b'.split()|length }} {{ ' x '.strip()|upper }}
{{ ms[0].content + ms[-1]['content'] }} {{ ms[1:]|length }} {{ ms[::-1][0].content }} {{ ms|last|attr('role') }}|{{ ms[0]['role'] == 'system' }} {{ (ms|first).role }}
{{ 'a' if 'tool_calls' in ms[2] else 'b' }} {{ 'tool_calls' in ms[0] }} {{ ms[2].tool_calls[0].args|tojson }} {{ ms[2].tool_calls is iterable and ms[2].tool_calls is not mapping }}
{% generation %}gen {{ n }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}
{% unknown %}
{% if %}x{% endif %}
{% if x %}
{% for x in %}{% endfor %}
{{ }}
{{ 'unclosed }}
{{ (1 + 2 }}
{{ 1 + }}
{{ a b }}
{% endif %}
{% for x in xs %}{% endif %}
{{ [1, 2 }}
{{ x. }}
{{ x.y( }}
{{ 5 is }}
{{ x| }}
{# unclosed
{% raw %} unclosed
{% set 5 = 1 %}
{% set true = 1 %}
{% macro m(a=1, b) %}{% endmacro %}
{% break %}
{{ 1 if 2 else }}
{% if true %}a{% else %}b{% else %}c{% endif %}
{{ m(a=1, 2) }}
{{ @ }}
{{ 'a' not 'b' }}
{% set x = 1 %}{% set x = x + 1 %}{{ x }}
{{ (n, s) }} {{ [n, [s, none]] }} {{ {'x': (1, 2)} }}
{{ d == {'a': 1, 'b': 2, 'c': d.c} }} {{ [1, [2]] == [1, [2]] }} {{ (1, 2) == [1, 2] }} {{ d != {} }}
{{ 9007199254740993 }} {{ 9223372036854775807 }} {{ -9223372036854775807 }} {{ 10 // 3.0 }} {{ 1e308 * 10 }} {{ 7 / 2 }} {{ 6 / 2 }}
{{ [] is sequence }} {{ loop is defined }} {{ namespace is defined }} {{ strftime_now is defined }} {{ raise_exception is callable }}
{%- set x = namespace(found=false) -%}{%- for m in ms -%}{%- if m.role == 'user' and not x.found -%}{%- set x.found = true -%}{{ m.content }}{%- endif -%}{%- endfor -%}
{{ ms|map('length')|list }} {{ ms|map(attribute='content')|map('lower')|list }} {{ [[1, 2], [3]]|map('first')|list }} {{ [[1, 2], [3]]|sum(start=[]) }}
{{ 'x' is eq 'x' }} {{ [1] is eq [1] }} {{ 3 is divisibleby 0 }}
{{ '\u00e9' }} {{ "\N{BULLET}" if false else 1 }}
{{ "a" "b" ~ 'c' }} {{ 'é' < 'z' }} {{ 'Z' < 'a' }} {{ 'a' * 0 }}| {{ true and 'x' }} {{ false or none }}
{{ missing == missing2 }} {{ missing == none }} {{ missing != 1 }} {{ missing ~ 'x' }} {{ not missing }}
{{ missing + 'x' }}
{{ missing < 1 }}
{{ -missing }}
{{ 'x' + missing }}
{{ [missing] }} {{ {'a': missing} }}
{% for x in [1, 2] %}{% set loop_x = x %}{% endfor %}{{ loop_x is defined }}{{ x is defined }}
{% for x in xs %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}{% for role, group in [('a', 1)] %}{{ role }}{{ group }}{% endfor %}
{{ (s ~ '!')[:-1] }} {{ ('a' + 'b')|upper }} {{ {'a': 1}['a'] + {'b': 2}.b }} {{ [[1, 2], [3, 4]][1][0] }} {{ 'abc'[1] }} {{ 'abc'[-2:] }}
{{ no is not none and no.x }} {{ no or 'default' }} {{ n if n is defined else 0 }} {{ (no if no else s)|length }}
{{ 1.0 == 1 }} {{ 0.1 + 0.2 }} {{ 1e2|int }} {{ 3.0|string }} {{ 2 ** 0.5 }} {{ 2 ** 10 }} {{ 10 ** 2 }} {{ 1.5e3 }}
{% if n is number and n > 5 or false %}ok{% endif %}{% if not (n > 5 and s) %}no{% endif %}{% if s in ['Hello, World'] %}in{% endif %}
{{ d.c.k | map('string') | join('|') }} {{ d.items()|list|length }} {{ d.values()|list|first }} {{ (d.keys()|list)[0] }}
{{ 'a.b.c'.split('.')[-1] }} {{ 'a</think>b'.split('</think>')[0] }} {{ 'x\n\n'.rstrip('\n') + '|' }} {{ '\n\nx'.lstrip('\n') }} {{ 'a</think>\n\nb'.split('</think>')[-1].lstrip('\n') }}
"""

LAYOUT = [
    "a\n{% if t %}\nb\n{% endif %}\nc\n", "a\n  {% if t %}\n  b\n  {% endif %}  \nc", "  {{ n }}  \n  {% set x = 1 %}  {{ x }}\n",
    "a  {%- if t -%}  b  {%- endif -%}  c", "a \n {{- n -}} \n b", "a\n{%+ if t %}\nb{%+ endif %}\n", "a\n    {%+ if t +%}\n  b\n{% endif +%}\nc",
    "{% if t %}  {% endif %}|", "\n\n{% if t %}x{% endif %}\n\n", "x\n\n\n", "x\n", "\n", "", "{{ n }}\n", "{{ n }}\n\n", "a\r\nb\rc\r\n", "{# c #}\nx\n  {# c #}  \ny\n{# c +#}\nz\n  {#- c -#}  \nw",
    "{% for x in xs %}\n  {{ x }}\n{% endfor %}\ndone", "{% for x in xs %}{{ x }}\n{% endfor %}", "{%- for x in xs %}\n    {{- x }}\n{%- endfor %}\n", "  {% raw %}  {{ x }}\n{% endraw %}\n y", "\t{% if t %}\n\tx\n\t{% endif %}\n",
    "a {% if t %} b {% endif %} c", "line {{ n }} {# c #}\nnext", "{% set x %}\n  y\n{% endset %}\n[{{ x }}]", "{% macro m(x) %}\n  <{{ x }}>\n{% endmacro %}\n{{ m(1) }}\n{{- m(2) -}}\nend",
    "{{ '{{ x }}' }} {{ '{% x %}' }} {{ '}}' }} {{ \"%}\" }}", "{ {% if t %}{{ '{' }}{% endif %} } {{{'a': 1}}}", "{{ n }}{{ n }}\n{{ n }}", "{%if t%}x{%endif%}", "{{n}}{{-n}}{{- n-}} x", "{% if t %}\r\nx\r\n{% endif %}\r\n",
    "a\n\n  {%- if t %}\n\n  b\n  {%- endif %}\n", "{{ 'a\nb' }}", "{{\n  n\n  + 1\n}}", "{%\n if t\n%}x{%\nendif\n%}", "{{ [\n1,\n2\n] }}", "\u00a0 {% if t %}x{% endif %}", "{{ n }} {%- if t %} x{% endif -%}\n\n y",
    "{% for m in ms %}\n{{ m.role }}: {{ m.content }}\n{% if not loop.last %}\n---\n{% endif %}\n{% endfor %}\n", "{% if t -%}\n   x\n{%- endif %}\n   y", "{{ s -}}\n\n  z", "{%- raw %} x {% endraw -%} y", "{##}x{#--#}y", "{{''}}", "{% raw %}\n a\n {%- endraw %}\nb",
]


class AssistantTracker(jinja2.ext.Extension):
    """{% generation %} as in transformers, without the tracking."""
    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_support"), [], [], body).set_lineno(lineno)

    def _support(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[AssistantTracker, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda fmt: fmt
    return env


TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Weather in a city", "parameters": {
        "type": "object", "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "opts": {"type": "object"}}}}}]
CALLS = [{"type": "function", "function": {"name": "get_weather", "arguments": {
    "city": "\u0141\u00f3d\u017a", "days": 2, "opts": {"a": [1, 2.5, None, True]}}}}]
CHATS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "system", "content": " Be terse. "}, {"role": "user", "content": "2+2?"},
     {"role": "assistant", "content": "<think>\nadd\n</think>\n\n4"}, {"role": "user", "content": "<b>\"3+3\"</b>?"}],
    [{"role": "user", "content": "W?"}, {"role": "assistant", "content": "Let me see.", "reasoning_content": "call it",
                                        "tool_calls": CALLS + CALLS},
     {"role": "tool", "content": "{\"t\": 3}"}, {"role": "tool", "content": "ok"}],
    [{"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "image"}, {"type": "text", "text": "?"}]}],
    [{"role": "robot", "content": "beep"}, {"role": "user", "content": "x"}],
    [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    [],
]
TEMPLATE_FILES = ["qwen3.5-chat-template.jinja", "json-tools.jinja", "folded-system.jinja"]

GENERATED = [
    "<think>\nFirst.\n\nThen.\n</think>\n\nThe answer\nis 4.\n", "<think>x</think>y", "<think></think>", "<think>\n\n</think>\n\nplain",
    "<think>\n\n\na\n\n\n</think>\n\n\n b ", "<think>a < b, </thin k></think>c", "<think>\u4f60\n</think>\n\U0001f600",
]


def chats(env):
    here = pathlib.Path(__file__).parent
    options = [{}, {"add_generation_prompt": True}, {"add_generation_prompt": True, "enable_thinking": False}]
    for name, chat, tools, extra in itertools.product(TEMPLATE_FILES, CHATS, [None, TOOLS], options):
        source = (here / name).read_text(encoding="utf-8")
        variables = {"messages": chat, "tools": tools, **extra}
        given = {"documents": None, "add_generation_prompt": False, "bos_token": "<s>", "eos_token": "</s>"}
        try:
            output = env.from_string(source).render(**(given | variables))
        except jinja2.exceptions.TemplateError:
            output = None
        yield [name, variables, output]


def reasoning(env):
    for text in GENERATED:
        thought = env.from_string(r"{{ c.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}")
        answer = env.from_string(r"{{ c.split('</think>')[-1].lstrip('\n') }}")
        yield [text, thought.render(c=text), answer.render(c=text)]


def main():
    env = environment()
    cases = []
    for template in TEMPLATES.strip("\n").split("\n") + LAYOUT:
        try:
            output = env.from_string(template).render(**VARIABLES)
        except Exception:  # pylint: disable=broad-except  (whatever Jinja2 raises)
            output = None
        cases.append([template, output])
    head = {"library": f"Jinja2 {jinja2.__version__}", "variables": VARIABLES}
    parts = {"cases": cases, "chats": list(chats(env)), "reasoning": list(reasoning(env))}
    print(json.dumps(head)[:-1], end="")
    for name, rows in parts.items():
        print(f', "{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "]", end="")
    print("}")


main()
