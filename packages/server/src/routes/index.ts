/** The table of routes: every question of the contract has its row, or this does not compile. */
import type { Contract, Downloads, PostedStreams, Streams } from '../contract/index.ts';
import { changes } from './changes.ts';
import { custody, exports, saved } from './custody.ts';
import { diff } from './diff.ts';
import { environment } from './environment.ts';
import { findings } from './findings.ts';
import { maps } from './maps.ts';
import { memory } from './memory.ts';
import { openfiles } from './open-files.ts';
import { integrity, overview } from './overview.ts';
import { process } from './process.ts';
import { processes } from './processes.ts';
import type { AnswerRoute, DownloadRoute, PostedRoute, StreamRoute } from './route.ts';
import { search } from './search.ts';
import { sockets } from './sockets.ts';
import { strings } from './strings.ts';
import { download, preview, things } from './things.ts';
import { timeline } from './timeline.ts';
import { yara } from './yara.ts';

export { actions, deskAnswers, terminalOf } from './node.ts';

export const answers: { readonly [Name in keyof Contract]: AnswerRoute<Name> } = {
  ...{ overview, integrity, processes, process, environment, findings },
  ...{ maps, memory, strings, changes, things, openfiles, preview },
  ...{ sockets, timeline, diff, custody, exports },
};

export const streams: { readonly [Name in keyof Streams]: StreamRoute<Name> } = { search };

export const postedStreams: { readonly [Name in keyof PostedStreams]: PostedRoute<Name> } = { yara };

export const downloads: { readonly [Name in keyof Downloads]: DownloadRoute } = { download, export: saved };
