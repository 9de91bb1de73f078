/** The two listeners of a controller: health and figures for the cluster, alerts for Falco. */
import { readFile } from 'node:fs/promises';
import { type Logger, systemFact } from '@stillframe/core';
import type { TakeAlert } from '../controller.ts';
import { controllerError } from '../errors.ts';
import { Figures } from './figures.ts';
import { type Listener, type ListenPlace, listen, type Reply } from './listener.ts';
import { alertRoute } from './webhook.ts';

export interface DoorsOptions {
  readonly health: ListenPlace;
  readonly webhook?:
    | {
        readonly place: ListenPlace;
        readonly tokenFile: string;
        readonly tls?: { readonly cert: string; readonly key: string } | undefined;
      }
    | undefined;
  readonly log: Logger;
}

export interface Doors extends AsyncDisposable {
  readonly figures: Figures;
  readonly healthPort: number;
  readonly webhookPort: number | undefined;
  /** Who takes alerts from now on; nobody while another process is the leader. */
  lead(take: TakeAlert | undefined): void;
}

const LEAST_TOKEN = 16;
const LARGEST_FILE = 1 << 16;

/** Throws ERR_CONTROLLER_LISTEN, ERR_CONTROLLER_TOKEN. */
export async function openDoors({ health, webhook, log }: DoorsOptions): Promise<Doors> {
  const figures = new Figures();
  let take: TakeAlert | undefined;
  await using opened = new AsyncDisposableStack();
  let alerts: Listener | undefined;
  if (webhook) {
    const token = await tokenIn(webhook.tokenFile);
    const tls = webhook.tls && { cert: await textIn(webhook.tls.cert), key: await textIn(webhook.tls.key) };
    const route = alertRoute({ token, take: () => take, log, ended: (status) => figures.alert(status) });
    alerts = opened.use(await listen(webhook.place, { 'POST /falco': route }, tls));
  }
  const plain = (status: number, body: string): Reply => ({ status, body: `${body}\n` });
  const checks = opened.use(
    await listen(health, {
      'GET /healthz': () => plain(200, 'ok'),
      // Only the leader is ready: so alerts go to it alone.
      'GET /readyz': () => (take ? plain(200, 'leads') : plain(503, 'waits for the lease')),
      'GET /metrics': async () => ({ status: 200, ...(await figures.text()) }),
    }),
  );
  const kept = opened.move();
  return {
    figures,
    healthPort: checks.port,
    webhookPort: alerts?.port,
    lead: (taking) => {
      take = taking;
      figures.leads(taking !== undefined);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function tokenIn(file: string): Promise<string> {
  const token = (await textIn(file)).trim();
  if (token.length >= LEAST_TOKEN && /^\S+$/.test(token)) return token;
  throw controllerError(
    'ERR_CONTROLLER_TOKEN',
    `${file} has no token of ${LEAST_TOKEN} characters or more, without spaces`,
  );
}

async function textIn(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > LARGEST_FILE) throw new Error('it is too large');
    return text;
  } catch (cause) {
    throw controllerError('ERR_CONTROLLER_TOKEN', `${file} ${systemFact(cause)}`, { cause });
  }
}
