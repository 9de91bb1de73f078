/** The one style of the page: light, dark and print. Its digest stands in the page's policy, so that no other is taken. */

/** Colours by name: in the light, in the dark, on paper. What is read is 4.5 to 1 against what is behind it. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string, paper: string]>> = {
  paper: ['#fff', '#14181d', '#fff'],
  ink: ['#1b1f24', '#e6edf3', '#000'],
  dim: ['#57606a', '#a3adb8', '#444'],
  line: ['#d0d7de', '#3a424c', '#bbb'],
  panel: ['#f6f8fa', '#1d232a', '#fff'],
  link: ['#0550ae', '#79b8ff', '#000'],
  critical: ['#8b1a2b', '#ff8f9c', '#8b1a2b'],
  high: ['#a8400a', '#ffab70', '#a8400a'],
  medium: ['#7a5400', '#f0c869', '#7a5400'],
  low: ['#1f5f8b', '#8ecbff', '#1f5f8b'],
  info: ['#4b5563', '#b6c0cc', '#4b5563'],
  good: ['#116329', '#7ee08f', '#116329'],
  bad: ['#a40e26', '#ff8f9c', '#a40e26'],
};

/** Rules in which a colour is `$name`. */
const RULES = `
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0;background:$paper;color:$ink;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.page{max-width:72rem;margin:0 auto;padding:1.5rem}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.35rem;margin:2.6rem 0 .8rem;padding-top:.8rem;border-top:2px solid $line}
h3{font-size:1.05rem;margin:0;display:inline;font-weight:600}
p,dl,ul,ol{margin:.6rem 0}
a{color:$link}
code,.cmd{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.sub{color:$dim;margin:0}
nav ol{columns:16rem;padding-left:1.4rem;margin:1rem 0}
.lead{font-size:1.08rem}
.tiles{display:flex;flex-wrap:wrap;gap:.7rem;list-style:none;padding:0;margin:1rem 0}
.tiles li{flex:1 1 7rem;border:1px solid $line;border-top:4px solid currentColor;border-radius:.4rem;padding:.5rem .8rem;background:$panel}
.tiles b{display:block;font-size:1.6rem;line-height:1.2}
.tiles span{color:$ink}
.badge{display:inline-block;min-width:4.6rem;text-align:center;border:1px solid currentColor;border-radius:1rem;padding:0 .6rem;font-size:.8rem;font-weight:600;margin-right:.5rem}
.critical{color:$critical}.high{color:$high}.medium{color:$medium}.low{color:$low}.info{color:$info}
.holds{color:$good}.fails{color:$bad}.unchecked{color:$dim}
.tiles .zero{color:$dim}
details{border:1px solid $line;border-radius:.4rem;margin:.7rem 0;padding:.6rem .9rem;background:$panel}
summary{cursor:pointer}
summary:focus-visible,a:focus-visible{outline:3px solid $link;outline-offset:2px}
dl>div{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:.8rem;padding:.2rem 0;border-bottom:1px solid $line}
dl>div:last-child{border-bottom:0}
dt{color:$dim}
dd{margin:0;overflow-wrap:anywhere}
dd ul{list-style:none;margin:0;padding:0}
figure{margin:.8rem 0}
figcaption{color:$dim;font-size:.9rem}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:$dim;padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid $line;overflow-wrap:break-word}
td code,th code{display:inline-block;min-width:min(100%,5rem)}
thead th{color:$dim;font-weight:600;white-space:nowrap}
tbody th{font-weight:400}
td a{white-space:nowrap}
.figures{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.more,.none{color:$dim}
${Array.from({ length: 13 }, (_, depth) => `.d${depth}{padding-left:${(depth * 1.1).toFixed(1)}rem}`).join('')}
svg{max-width:100%;height:auto;background:$panel;border:1px solid $line;border-radius:.4rem}
svg text{fill:$ink;font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
svg .dim{fill:$dim}
svg rect{fill:$paper;stroke:$line}
svg .marked rect{stroke:$high;stroke-width:2}
svg path{fill:none;stroke:$dim;stroke-width:1.3}
svg path.outside{stroke:$high}
svg path.listens{stroke-dasharray:4 3}
footer{margin-top:3rem;color:$dim;font-size:.9rem;border-top:1px solid $line;padding-top:.8rem}
@media (max-width:40rem){dl>div{grid-template-columns:1fr;gap:0}.page{padding:1rem}}
@page{size:A4;margin:16mm 14mm}
@media print{
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

/** The text of the style element. */
export const STYLE = `
:root{${colours(0)}}
@media (prefers-color-scheme:dark){:root{${colours(1)}}}
@media print{:root{${colours(2)}}}
${RULES.trim().replace(/\$(\w+)/g, (_, name: string) => `var(--${name})`)}
`;

function colours(at: 0 | 1 | 2): string {
  return Object.entries(COLOURS)
    .map(([name, values]) => `--${name}:${values[at]}`)
    .join(';');
}
