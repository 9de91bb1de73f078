/** What the first versions of CRIU wrote into images of their own and later ones write into the core image. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type {
  creds_entry,
  itimer_entry,
  posix_timer_entry,
  rlimit_entry,
  sa_entry,
  siginfo_entry,
  task_timers_entry,
} from '@stillframe/criu-image/proto';

/** Undefined members have no image. */
export interface SeparateImages {
  readonly actions: readonly sa_entry[] | undefined;
  readonly limits: readonly rlimit_entry[] | undefined;
  readonly timers: Partial<task_timers_entry> | undefined;
  readonly pending: readonly siginfo_entry[] | undefined;
}

/** Entries of one of these images that are read: more than a process can have of limits, timers and actions. */
const MOST = 65_536;

/** The images of a process; nothing is read where none of them is there. */
export async function readSeparateImages(
  images: ImageSet,
  pid: number,
  options: SignalOptions = {},
): Promise<SeparateImages> {
  const [real, virt, prof] = (await listed<itimer_entry>(images, 'itimers', pid, options)) ?? [];
  const posix = await listed<posix_timer_entry>(images, 'posix-timers', pid, options);
  const timers = real || posix ? { real, virt, prof, posix: posix ?? [] } : undefined;
  return {
    actions: await listed<sa_entry>(images, 'sigacts', pid, options),
    limits: await listed<rlimit_entry>(images, 'rlimit', pid, options),
    timers: timers as Partial<task_timers_entry> | undefined,
    pending: await listed<siginfo_entry>(images, 'signal-s', pid, options),
  };
}

/** Signals that wait for one thread. */
export async function readSeparatePending(images: ImageSet, tid: number, options: SignalOptions = {}) {
  return listed<siginfo_entry>(images, 'signal-p', tid, options);
}

/** Credentials of one thread. */
export async function readSeparateCredentials(
  images: ImageSet,
  tid: number,
  options: SignalOptions = {},
): Promise<creds_entry | undefined> {
  return (await listed<creds_entry>(images, 'creds', tid, options))?.[0];
}

type Kind = 'itimers' | 'posix-timers' | 'sigacts' | 'rlimit' | 'signal-s' | 'signal-p' | 'creds';

async function listed<T>(
  images: ImageSet,
  kind: Kind,
  id: number,
  options: SignalOptions,
): Promise<readonly T[] | undefined> {
  if (!images.source(kind, id)) return undefined;
  const entries: unknown[] = [];
  for await (const entry of images.entries(kind, id, options)) if (entries.push(entry) >= MOST) break;
  return entries as T[];
}
