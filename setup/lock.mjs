/** A lock between set-ups: a file that names its holder, and is taken over when the holder is gone. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './programs.mjs';

/** Runs `work` while holding `path`. Waits while a living process holds it. */
export async function withLock(path, work) {
  await take(path);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function take(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, identity(process.pid) ?? String(process.pid), { mode: 0o644 });
  try {
    for (let told = false; ; ) {
      try {
        // A link, so that the lock never exists without the name of its holder in it.
        linkSync(mine, path);
        return;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      if (isStale(path)) {
        rmSync(path, { force: true });
        continue;
      }
      if (!told) say('another set-up is at work; waiting for it');
      told = true;
      await sleep(200);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function isStale(path) {
  let holder;
  try {
    holder = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  return identity(Number.parseInt(holder, 10)) !== holder;
}

/** A process id and, on Linux, when it began, since ids are used again; undefined where there is no such process. */
function identity(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22 of proc(5), counted behind the name, which may hold anything.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return String(pid);
  }
}
