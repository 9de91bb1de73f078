/** The report: one page without a script and without anything from outside, for people who were not there. */
import { createHash } from 'node:crypto';
import { appendixSection } from './appendix.ts';
import { custodySection } from './custody.ts';
import { changesSection, deletedSection, mountsSection } from './filesystem.ts';
import { findingsSection } from './findings.ts';
import { html, type Markup } from './html.ts';
import { networkSection } from './network.ts';
import { clipped } from './parts.ts';
import { processesSection } from './processes.ts';
import type { ReportSource } from './source.ts';
import { STYLE } from './style.ts';
import { subjectOf, summarySection } from './summary.ts';
import { timelineSection } from './timeline.ts';

export type { CaptureTold, CustodyRow, Proof, ProofCheck, ReportSource } from './source.ts';
export { lastMoments } from './timeline.ts';

/** Nothing is loaded, run, sent or framed; the one style is known by its digest (CSP level 3). */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Sections in the order of the page. `id`: that of the section. */
const SECTIONS: readonly { id: string; title: string; make: (source: ReportSource) => Markup }[] = [
  { id: 'summary', title: 'Summary', make: summarySection },
  { id: 'findings', title: 'Findings', make: findingsSection },
  { id: 'processes', title: 'Processes', make: processesSection },
  { id: 'network', title: 'Network', make: networkSection },
  { id: 'timeline', title: 'Timeline', make: timelineSection },
  { id: 'changes', title: 'Changes of the root filesystem', make: changesSection },
  { id: 'deleted', title: 'Open files without a name', make: deletedSection },
  { id: 'mounts', title: 'Mounts', make: mountsSection },
  { id: 'custody', title: 'Custody and verification', make: custodySection },
  { id: 'appendix', title: 'Appendix', make: appendixSection },
];

/**
 * The page as text, ending in a newline. Pure: the same source gives the same page at any time. Bounded whatever the evidence holds:
 * tables are cut and say how many rows more there were.
 */
export function reportPage(source: ReportSource): string {
  const subject = subjectOf(source);
  const entries = SECTIONS.map(
    ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>
`,
  );
  return `<!DOCTYPE html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>Checkpoint report: ${clipped(subject, 40)}</title>
`}<style>${STYLE}</style>\n${html`</head>
<body>
<div class="page">
<a class="skip" href="#summary">Skip to the summary</a>
<header>
<h1>Forensic report: ${subject}</h1>
<p class="sub">Made from the checkpoint archive ${source.judged.archive.name} by Stillframe ${source.judged.version}. Confidential: it tells what
the container held.</p>
</header>
<nav aria-label="Contents">
<ol>
${entries}</ol>
</nav>
<main>
${SECTIONS.map(({ make }) => make(source))}</main>
<footer>
<p>References such as <code>process/7</code> are opened by <code>stillframe show ARCHIVE REFERENCE</code>.</p>
</footer>
</div>
</body>
</html>
`}`;
}
