/** The reporter of a collector, with the cluster that it speaks to and what an earlier process left it to say. */
import { openClusterApi } from '@stillframe/kubernetes';
import type { Io } from '../io.ts';
import { type ContextPlace, openAccessHere } from '../node/cluster-place.ts';
import { OwedReports } from './owed-reports.ts';
import { Reporter, type ReporterOptions } from './reporter.ts';
import type { StateFolder } from './state-folder.ts';

/** What a command gives for one. */
export interface ReporterPlace extends Pick<ReporterOptions, 'figures' | 'logger' | 'signal' | 'node'> {
  readonly state: StateFolder;
  readonly place: ContextPlace;
}

/** Throws ERR_CLUSTER_* where no way to a cluster is known, and the system's errors of the state folder. */
export async function openReporter({ state, place, ...options }: ReporterPlace, io: Io): Promise<Reporter> {
  const api = openClusterApi(await openAccessHere(place, io));
  return new Reporter({ ...options, api, owed: await OwedReports.open(state.path) });
}
