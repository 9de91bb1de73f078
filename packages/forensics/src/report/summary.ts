/** The first page, for who was not there: what, when, where, by whom, how long it stood still, and what was found. */
import { microsecondsText } from '@stillframe/core';
import { momentOf } from '../judged.ts';
import { tiles } from './findings.ts';
import { html, type Markup } from './html.ts';
import { badge, clipped, counted, section, timeText } from './parts.ts';
import type { ReportSource } from './source.ts';

/** Findings that are named at once. */
const NAMED = 5;
const LONGEST = 300;

export function summarySection(source: ReportSource): Markup {
  const { findings } = source.judged.analysis;
  const named = findings.slice(0, NAMED).map(
    ({ severity, summary }) => html`<li>${badge(severity)}${clipped(summary, LONGEST)}</li>
`,
  );
  return section(
    'summary',
    'Summary',
    html`<p class="lead">${whatText(source)}</p>
<p>${contentText(source)}</p>
<p>${captureText(source)}</p>
<p>${integrityText(source)}</p>
<p>${foundText(source)}</p>
`,
    tiles(findings),
    named.length > 0 &&
      html`<ul>
${named}</ul>
`,
  );
}

/** The container as its user would call it. */
export function subjectOf({ judged }: ReportSource): string {
  const { container } = judged.metadata;
  const whole = [container.kubeNamespace, container.podName, container.name].filter(Boolean).join('/');
  return clipped(whole || container.id || judged.archive.name, LONGEST);
}

function whatText(source: ReportSource): string {
  const { metadata } = source.judged;
  const { container, image } = metadata;
  const name = clipped(container.name ?? container.id ?? 'without a name', LONGEST);
  const pod = container.podName === undefined ? '' : ` of the pod ${clipped(container.podName, LONGEST)}`;
  const where =
    container.kubeNamespace === undefined ? '' : ` in the namespace ${clipped(container.kubeNamespace, LONGEST)}`;
  const from = image.name === undefined ? '' : `, which runs the image ${clipped(image.name, LONGEST)},`;
  const by = metadata.engine === undefined ? '' : ` by ${metadata.engine} ${metadata.engineVersion ?? ''}`.trimEnd();
  const when =
    metadata.checkpointed === undefined ? 'at a time that is not recorded' : `on ${timeText(momentOf(source.judged))}`;
  return `The container ${name}${pod}${where}${from} was checkpointed ${when}${by}.`;
}

function contentText({ judged }: ReportSource): string {
  const { processes, sockets, changes, files } = judged.analysis.tables;
  const connections = sockets.filter((row) => 'remote' in row && row.remote.port !== 0).length;
  return `The checkpoint holds ${counted(processes.length, 'process', 'processes')} with ${counted(files.length, 'open file')}, ${counted(connections, 'connection')} over IP, and ${counted(changes.length, 'change')} of the root filesystem.`;
}

function captureText({ judged, proof }: ReportSource): string {
  const pause = proof?.capture.pause ?? judged.metadata.capture?.truePause;
  const most = proof?.capture.pauseAtMost;
  const stood =
    pause !== undefined
      ? `The container stood still for ${microsecondsText(pause)} for it and ran on.`
      : most === undefined
        ? 'How long the container stood still for it is not recorded.'
        : `The container stood still for it for ${microsecondsText(most)} at most.`;
  const [first, ...others] = proof?.capture.askedBy ?? [];
  if (first === undefined) return `${stood} Who asked for it is not recorded.`;
  return `${stood} It was asked for by ${clipped(first, LONGEST)}${others.length === 0 ? '' : `, and ${counted(others.length, 'other')}`}.`;
}

function integrityText({ proof, judged }: ReportSource): Markup {
  if (!proof) {
    return html`<strong class="unchecked">Integrity: not known.</strong> No evidence of the capture lies beside the archive.`;
  }
  const failing = proof.checks.filter(({ state }) => state === 'fails').map(({ name }) => name);
  const unchecked = proof.checks.filter(({ state }) => state === 'unchecked').map(({ name }) => name);
  const left = unchecked.length === 0 ? '' : ` Not checked: ${unchecked.join(', ')}.`;
  if (failing.length > 0) {
    return html`<strong class="fails">Integrity: does not hold.</strong> The archive, or what is said of it, is not as it was captured: ${failing.join(', ')}.${left}`;
  }
  const faults = judged.diagnostics.some(({ severity }) => severity === 'error')
    ? ' Some of it could not be read.'
    : '';
  if (unchecked.includes('signature')) {
    return html`<strong class="unchecked">Integrity: nobody vouches for it.</strong> The archive is what the statement beside it says, but no key was
given by which to tell who made the statement.${left}${faults}`;
  }
  return html`<strong class="holds">Integrity: holds.</strong> The archive is what the statement of its capture says.${left}${faults}`;
}

function foundText({ judged }: ReportSource): string {
  const { findings } = judged.analysis;
  const by = counted(judged.rules.length, 'rule');
  if (findings.length === 0) return `Judged by ${by}, nothing suspicious was found.`;
  return `Judged by ${by}, there ${findings.length === 1 ? 'is' : 'are'} ${counted(findings.length, 'finding')}${findings.length > NAMED ? '; the worst are:' : ':'}`;
}
