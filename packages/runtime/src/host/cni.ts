/** CNI plugins, by which a pod gets a network of its own. */
import { readdir } from 'node:fs/promises';
import type { HostCheck } from './check.ts';

/** Where distributions and Kubernetes put them. */
const FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
/** What a plain bridged pod network takes. */
const NEEDED = ['bridge', 'host-local', 'loopback', 'portmap'];

export const cniPlugins: HostCheck = {
  id: 'cni',
  title: 'CNI plugins',
  required: false,
  async probe() {
    const remedy =
      'install the package containernetworking-plugins; without it pods have only loopback or the host network';
    for (const folder of FOLDERS) {
      const names = await readdir(folder).catch((): string[] => []);
      if (names.length === 0) continue;
      const lacking = NEEDED.filter((name) => !names.includes(name));
      if (lacking.length === 0) return { status: 'ok', found: `${names.length} in ${folder}` };
      return { status: 'limited', found: `${folder} lacks ${lacking.join(', ')}`, remedy };
    }
    return { status: 'missing', found: `none in ${FOLDERS.join(', ')}`, remedy };
  },
};
