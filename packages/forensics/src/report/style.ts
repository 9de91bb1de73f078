/** The one style of the page: light, dark and print. Its digest stands in the page's policy, so that no other is taken. */

export const STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--dim:#57606a;--line:#d0d7de;--panel:#f6f8fa;--link:#0550ae;
--critical:#8b1a2b;--high:#a8400a;--medium:#7a5400;--low:#1f5f8b;--info:#4b5563;--good:#116329;--bad:#a40e26}
@media (prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e6edf3;--dim:#a3adb8;--line:#3a424c;--panel:#1d232a;--link:#79b8ff;
--critical:#ff8f9c;--high:#ffab70;--medium:#f0c869;--low:#8ecbff;--info:#b6c0cc;--good:#7ee08f;--bad:#ff8f9c}}
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.page{max-width:72rem;margin:0 auto;padding:1.5rem}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.35rem;margin:2.6rem 0 .8rem;padding-top:.8rem;border-top:2px solid var(--line)}
h3{font-size:1.05rem;margin:0;display:inline;font-weight:600}
p,dl,ul,ol{margin:.6rem 0}
a{color:var(--link)}
code,.cmd{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.sub{color:var(--dim);margin:0}
nav ol{columns:16rem;padding-left:1.4rem;margin:1rem 0}
.lead{font-size:1.08rem}
.tiles{display:flex;flex-wrap:wrap;gap:.7rem;list-style:none;padding:0;margin:1rem 0}
.tiles li{flex:1 1 7rem;border:1px solid var(--line);border-top:4px solid currentColor;border-radius:.4rem;padding:.5rem .8rem;background:var(--panel)}
.tiles b{display:block;font-size:1.6rem;line-height:1.2}
.tiles span{color:var(--ink)}
.badge{display:inline-block;min-width:4.6rem;text-align:center;border:1px solid currentColor;border-radius:1rem;padding:0 .6rem;font-size:.8rem;font-weight:600;margin-right:.5rem}
.critical{color:var(--critical)}.high{color:var(--high)}.medium{color:var(--medium)}.low{color:var(--low)}.info{color:var(--info)}
.holds{color:var(--good)}.fails{color:var(--bad)}.unchecked{color:var(--dim)}
.tiles .zero{color:var(--dim)}
details{border:1px solid var(--line);border-radius:.4rem;margin:.7rem 0;padding:.6rem .9rem;background:var(--panel)}
summary{cursor:pointer}
summary:focus-visible,a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
dl>div{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:.8rem;padding:.2rem 0;border-bottom:1px solid var(--line)}
dl>div:last-child{border-bottom:0}
dt{color:var(--dim)}
dd{margin:0;overflow-wrap:anywhere}
dd ul{list-style:none;margin:0;padding:0}
figure{margin:.8rem 0}
figcaption{color:var(--dim);font-size:.9rem}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:var(--dim);padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:break-word}
td code,th code{display:inline-block;min-width:min(100%,5rem)}
thead th{color:var(--dim);font-weight:600;white-space:nowrap}
tbody th{font-weight:400}
.figures{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.more,.none{color:var(--dim)}
${Array.from({ length: 13 }, (_, depth) => `.d${depth}{padding-left:${(depth * 1.1).toFixed(1)}rem}`).join('')}
svg{max-width:100%;height:auto;background:var(--panel);border:1px solid var(--line);border-radius:.4rem}
svg text{fill:var(--ink);font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
svg .dim{fill:var(--dim)}
svg rect{fill:var(--paper);stroke:var(--line)}
svg .marked rect{stroke:var(--high);stroke-width:2}
svg path{fill:none;stroke:var(--dim);stroke-width:1.3}
svg path.outside{stroke:var(--high)}
svg path.listens{stroke-dasharray:4 3}
footer{margin-top:3rem;color:var(--dim);font-size:.9rem;border-top:1px solid var(--line);padding-top:.8rem}
@media (max-width:40rem){dl>div{grid-template-columns:1fr;gap:0}.page{padding:1rem}}
@page{size:A4;margin:16mm 14mm}
@media print{
:root{--paper:#fff;--ink:#000;--dim:#444;--line:#bbb;--panel:#fff;--link:#000;
--critical:#8b1a2b;--high:#a8400a;--medium:#7a5400;--low:#1f5f8b;--info:#4b5563;--good:#116329;--bad:#a40e26}
html{color-scheme:light}
body{font-size:10pt}
.page{max-width:none;padding:0}
nav,.skip{display:none}
h2{break-after:avoid}
summary{list-style:none}
details{break-inside:avoid-page;padding:.4rem .6rem}
details::details-content{content-visibility:visible;display:block;block-size:auto;height:auto;opacity:1}
table{font-size:8.5pt}
thead{display:table-header-group}
tr,dl>div{break-inside:avoid}
.scroll{overflow:visible}
a{text-decoration:none}
}
`;
