/** A process in a network namespace of its own, dumped by CRIU itself: runc never lets it dump the network. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UndoStack } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';

const CRIU = join(process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu', 'bin/criu');
/** The address that `ifaddr` must hold. */
export const ADDRESS = '10.99.88.77';
/** Hardware address of the bridge `corpus0`, over which the route to 10.77.0.0/16 leads by way of `GATEWAY`. */
export const MAC = '02:00:00:99:88:77';
export const GATEWAY = '10.66.0.1';
const SCRIPT = `ip link set lo up; ip address add ${ADDRESS}/24 dev lo; ip rule add from ${ADDRESS} table 100
  ip link add corpus0 type bridge; ip link set corpus0 address ${MAC} mtu 1400 up
  ip route add 10.77.0.0/16 via ${GATEWAY} dev corpus0 onlink metric 7
  iptables -A INPUT -s ${ADDRESS} -j ACCEPT; exec sleep 100000`;

/** Returns the folder with the images. `folder`: an empty one. */
export async function dumpNetwork(folder: string): Promise<string> {
  const images = join(folder, 'images');
  await mkdir(images);
  await using undo = new UndoStack({ deadline: 30_000 });
  // A session of its own: CRIU dumps no process whose terminal or session is somebody else's.
  const child = spawn('unshare', ['--net', 'sh', '-c', SCRIPT], { stdio: 'ignore', detached: true, cwd: '/' });
  await once(child, 'spawn');
  undo.push('process', async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
    if ((await readFile(`/proc/${child.pid}/comm`, 'utf8')) === 'sleep\n') break;
  }
  const work = join(folder, 'work');
  await mkdir(work);
  const place = ['--images-dir', images, '--work-dir', work, '--log-file', 'dump.log'];
  try {
    await execute([CRIU, 'dump', '--tree', String(child.pid), ...place, '--leave-running', '--network-lock', 'skip']);
  } catch (cause) {
    const log = await readFile(join(work, 'dump.log'), 'utf8').catch(() => '');
    throw new Error(
      `CRIU refuses:\n${log
        .split('\n')
        .filter((line) => /Error/.test(line))
        .join('\n')}`,
      { cause },
    );
  }
  await copyFile(join(work, 'stats-dump'), join(images, 'stats-dump'));
  return images;
}
