/** Answers of real binaries, kept for the contract suite of packages/kubernetes, which has no cluster. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import type { ClusterLab } from './cluster-lab.ts';

const RECORDED = join(import.meta.dirname, '../../packages/kubernetes/recorded/answers.json');
const ZEROES = '00000000000000000000000000000000';

interface Recorded {
  name: string;
  /** `METHOD path`. */
  request: string;
  status: number;
  body: string;
}

interface Question {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
}

export interface Recorder {
  /** Asks as that user, keeps the answer under the name, and gives its status. */
  ask(name: string, user: string, question: Question): Promise<number>;
  /** Writes what was kept. */
  save(): Promise<void>;
}

/** What is of this machine alone is replaced: the lab's folder, the registry's port, ids of the machine. */
export function openRecorder(here: ClusterLab): Recorder {
  const recorded: Recorded[] = [];
  const general = (text: string) =>
    text
      .replaceAll(join(here.lab.folder, 'cluster/node-1/root'), '/var/lib/kubelet')
      .replaceAll(here.lab.folder, '/lab')
      .replaceAll(here.lab.registry, '127.0.0.1:5000')
      .replace(/("(?:machineID|systemUUID|bootID)":")[^"]*/g, `$1${ZEROES}`);
  return {
    async ask(name, user, { method, path, body }) {
      const api = openClusterApi(await openKubeconfig({ file: here.plane.kubeconfig(user), env: {} }));
      const answer = await api.ask({ method, path, body, seconds: 150 });
      const request = `${method} ${path.split('?')[0]}`;
      recorded.push({ name, request, status: answer.status, body: general(answer.body) });
      return answer.status;
    },
    async save() {
      if (recorded.length === 0) return;
      await mkdir(dirname(RECORDED), { recursive: true });
      await writeFile(RECORDED, `${JSON.stringify(recorded, undefined, 2)}\n`);
    },
  };
}
