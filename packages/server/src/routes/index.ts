/** The table of routes: every question of the contract has its row, or this does not compile. */
import type { Contract, Streams } from '../contract/index.ts';
import { environment } from './environment.ts';
import { findings } from './findings.ts';
import { maps } from './maps.ts';
import { memory } from './memory.ts';
import { desk, overview } from './overview.ts';
import { process } from './process.ts';
import { processes } from './processes.ts';
import type { AnswerRoute, StreamRoute } from './route.ts';
import { search } from './search.ts';
import { sockets } from './sockets.ts';
import { strings } from './strings.ts';
import { timeline } from './timeline.ts';

export const answers: { readonly [Name in keyof Contract]: AnswerRoute<Name> } = {
  ...{ desk, overview, processes, process, environment, findings },
  ...{ maps, memory, strings },
  ...{ sockets, timeline },
};

export const streams: { readonly [Name in keyof Streams]: StreamRoute<Name> } = { search };
