/** Where a Checkpoint wants its archive, held against where this collector has taken it. */
import type { CollectedReport, Fitting } from '@stillframe/controller/report';
import { parseReference } from '@stillframe/oci';

/** A collector takes all archives to one place: who asked for another is told, instead of being told that it was done. */
export const fittingWanted: Fitting = (report, wanted) => {
  if (wanted?.kind !== 'Registry' || report.error !== undefined) return report;
  const asked = repositoryOf(wanted.reference);
  if (asked !== undefined && asked === repositoryOf(report.reference)) return report;
  const { reference: _elsewhere, ...rest } = report;
  return { ...rest, error: errorText(report, wanted.reference ?? '') };
};

/** Tags are the collector's own. */
function repositoryOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const { registry, repository } = parseReference(text);
    return `${registry}/${repository}`;
  } catch {
    return undefined;
  }
}

function errorText({ location = 'its own destination' }: CollectedReport, wanted: string): string {
  return `the collector of this node takes archives elsewhere: not ${wanted}, but ${location}`.slice(0, 1024);
}
