// The look of the report: one column of text, one accent colour, the colours of Okabe and Ito for
// series (colour-blind-safe; their yellow is darker on white), light, dark and on paper.
#include "report/html_page.h"

namespace quantrial::report {

const char* const html_style = R"css(
:root{--ink:#1d2329;--soft:#5b6670;--line:#dfe3e7;--paper:#fff;--box:#f5f7f8;--accent:#0072b2;
--c0:#1d2329;--c1:#0072b2;--c2:#d55e00;--c3:#009e73;--c4:#cc79a7;--c5:#e69f00;--c6:#56b4e9;--c7:#a08a00;
--grey:#8a949c;--faint:#6f7982;--hatch:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--soft:#9aa5af;--line:#343b43;--paper:#14181c;
--box:#1c2228;--accent:#56b4e9;--c0:#e4e7ea;--c1:#3d9bd6;--c2:#e8743b;--c3:#1fb58a;--c4:#d890b6;--c5:#e69f00;
--c6:#8accf2;--c7:#f0e442;--grey:#7b858e;--faint:#8a949d;--hatch:#14181c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
header,main{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
h1{font-size:28px;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.01em}
.sub{color:var(--soft);margin:6px 0 0}
h2{font-size:21px;line-height:1.3;margin:0 0 14px;font-weight:650}
h2 span{color:var(--accent);font-variant-numeric:tabular-nums;margin-right:6px}
h3{font-size:15px;line-height:1.35;margin:0 0 6px;font-weight:650}
h4{font-size:13px;margin:0 0 2px;font-weight:600}
section{padding:30px 0 22px;border-top:1px solid var(--line)}
section:first-child{border-top:0;padding-top:20px}
p,ul{margin:0 0 12px;max-width:760px}
ul{padding-left:20px}
.lead{font-size:17px}.lead,.caption{max-width:900px}
.note,.caption,.csv{color:var(--soft);font-size:13.5px}
.caption{margin:0 0 8px}
.csv{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
nav{border-top:1px solid var(--line);padding:14px 0}
nav ol{list-style:none;margin:0;padding:0;columns:4 150px;counter-reset:n;font-size:14px;line-height:1.8}
nav li{counter-increment:n;padding-left:26px}nav li::before{content:counter(n);color:var(--soft);display:inline-block;width:26px;margin-left:-26px;
font-variant-numeric:tabular-nums}
.figure{margin:0 0 26px;min-width:0}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),470px));gap:0 32px}
.row .figure{max-width:470px}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:10px 40px}
.two>div{min-width:0}.beside .panel{max-width:470px}
.one .panel{max-width:470px}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:14px 32px}
.one .panels{display:block}
.panels.even{grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),470px))}
.panel{min-width:0;max-width:470px}
svg.chart{display:block;width:100%;height:auto;overflow:visible}
svg.defs{position:absolute}
.chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink);
font-variant-numeric:tabular-nums}
.chart text.t{fill:var(--soft)}.chart text.n{fill:var(--soft);font-size:11px}
.chart .g{stroke:var(--line);stroke-width:1}
.chart .z{stroke:var(--soft);stroke-width:1}
.chart .k{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.chart .margin{fill:var(--accent);fill-opacity:.13}
.chart .c{fill:var(--accent)}
.s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}
.s6{--c:var(--c6)}.s7{--c:var(--c7)}.sf{--c:var(--grey)}
.l{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
.a{fill:var(--c);fill-opacity:.13}
.w{fill:none;stroke:var(--c);stroke-width:1.6}
.m{fill:var(--c);stroke:var(--paper);stroke-width:1}
.m.o{fill:var(--paper);stroke:var(--c);stroke-width:1.5}
.b{fill:var(--c);stroke:var(--paper);stroke-width:.75}
.h{fill:var(--hatch);fill-opacity:.55}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;font-size:13px}
.legend span{display:inline-flex;align-items:center;gap:6px}
.swatch{flex:none}
.scroll{overflow-x:auto;max-width:100%;margin:0 0 4px}
table{border-collapse:separate;border-spacing:0;font-size:13.5px;line-height:1.4}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline;overflow-wrap:normal}
thead th{color:var(--soft);font-weight:500;border-bottom:1px solid var(--soft);vertical-align:bottom}
tbody th{font-weight:600;white-space:nowrap}
tbody th,thead th:first-child{position:sticky;left:0;background:var(--paper)}
th.num,td.num{text-align:right;font-variant-numeric:tabular-nums}
td.num,td.name{white-space:nowrap}
td{min-width:40px;max-width:340px}
.ci{color:var(--soft);font-weight:400;white-space:nowrap}
.tall .ci{display:block;font-size:12px}.tall td,.tall th{padding-right:10px}.tall td:not(.num):not(.pic){min-width:124px}
td.why{color:var(--soft)}
tr.faint td,tr.faint th,tr.faint .ci{color:var(--faint)}tr.faint th{font-weight:400}
tr.strong td,tr.strong th{font-weight:650}
td.pic{padding:0 12px 0 0;vertical-align:middle}td.pic svg{width:88px}
details{margin:6px 0 0}summary{cursor:pointer;color:var(--soft);font-size:13.5px}
details.figure>summary{color:var(--accent);font-size:15px;margin-bottom:8px}
details .scroll{margin-top:8px;max-height:480px;overflow:auto}
pre{font:12.5px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;background:var(--box);padding:12px;
margin:0 0 10px;border-radius:4px}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:0 24px}
.sides>div{min-width:0}.sides p{font-size:13.5px;margin:0 0 6px}
.sides pre{max-height:420px;overflow:auto}
.same{color:var(--soft)}
mark{background:var(--accent);color:var(--paper);padding:0 1px;border-radius:2px}
.pair{border-bottom:1px solid var(--line);padding:4px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;font-size:13.5px;margin:10px 0}
dt{color:var(--soft)}dd{margin:0;white-space:pre-wrap;min-width:0}
.next{font-size:13px;margin:0 0 10px;padding-left:22px;font-variant-numeric:tabular-nums}
code{background:var(--box);padding:1px 4px;border-radius:3px}
@media(max-width:600px){body{font-size:15px}header,main{padding:0 14px}header{padding-top:22px}h1{font-size:23px}
h2{font-size:19px}.row,.panels{gap:18px}}
@media print{:root{--ink:#000;--soft:#444;--line:#ccc;--paper:#fff;--box:#f5f5f5;--accent:#0072b2;--c0:#000;--c1:#0072b2;
--c2:#d55e00;--c3:#009e73;--c4:#cc79a7;--c5:#e69f00;--c6:#56b4e9;--c7:#a08a00;--grey:#888;--faint:#666;--hatch:#fff}
@page{size:A4 landscape;margin:12mm}
body{font-size:10.5pt}header,main{max-width:none;padding:0}nav{display:none}.figure,tr,.panel,.pair{break-inside:avoid}
.figure:has(table){break-inside:auto}h2,h3{break-after:avoid}.scroll{overflow:visible;max-height:none}table{font-size:8pt}.tall .ci{font-size:7pt}th,td{padding:3px 8px 3px 0}*{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
)css";

}  // namespace quantrial::report
