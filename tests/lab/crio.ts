/** CRI-O for a lab test: a program that was built elsewhere, started here with everything in a folder of its own. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/testkit';
import { CRIU, type Engine, startEngine } from './engines.ts';

/**
 * Starts the CRI-O that STILLFRAME_CRIO names (capability `cri-o`); `pinns` lies beside it. `registry`: where its pause image
 * is. Its log is `crio.log` in `folder`. Disposing removes its pods, its images, the bridge of its network and their cgroups.
 */
export function startCrio(folder: string, registry: string): Promise<Engine> {
  return startEngine(folder, { name: 'crio', bridge: `sfo${process.pid}` }, async (socket, undo) => {
    for (const each of ['bin', 'run', 'empty']) await mkdir(join(folder, each), { recursive: true });
    const program = process.env['STILLFRAME_CRIO'] ?? '';
    await writeFile(join(folder, 'bin/runc'), wrapperOf(findProgram('runc') ?? ''));
    await chmod(join(folder, 'bin/runc'), 0o755);
    await writeFile(join(folder, 'registries.conf'), '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
    await writeFile(join(folder, 'crio.conf'), configOf(folder, socket, registry, dirname(program)));
    undo.push('mounts', () => unmountBelow(folder));
    const places = ['--config', join(folder, 'crio.conf'), '--config-dir', join(folder, 'empty')];
    const registries = ['--registries-conf', join(folder, 'registries.conf')];
    const env = { ...process.env, PATH: `${CRIU}:${process.env['PATH']}` };
    const log = openSync(join(folder, 'crio.log'), 'a');
    const child = spawn(program, [...places, ...registries], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    return child;
  });
}

/** A runtime for CRI-O on machines that may not lower oom_score_adj, nor have cgroups for huge pages: it takes what is about them out of config.json. */
function wrapperOf(runc: string): string {
  const edit = `const { readFileSync, writeFileSync } = require('node:fs');
const path = process.argv[1] + '/config.json';
const spec = JSON.parse(readFileSync(path, 'utf8'));
delete spec.process.oomScoreAdj;
delete spec.process.rlimits;
if (spec.linux.resources) delete spec.linux.resources.hugepageLimits;
writeFileSync(path, JSON.stringify(spec));`;
  return `#!/bin/sh
next=
for word in "$@"; do
  case "$next$word" in
    bundle*) '${process.execPath}' -e "${edit.replaceAll(/\n/g, ' ')}" "$word"; next= ;;
    --bundle | -b) next=bundle ;;
  esac
done
exec ${runc} "$@"
`;
}

function configOf(folder: string, socket: string, registry: string, programs: string): string {
  return `[crio]
root = "${folder}/root"
runroot = "${folder}/runroot"
storage_driver = "overlay"
log_dir = "${folder}/log"
version_file = "${folder}/run/version"
version_file_persist = "${folder}/version"
clean_shutdown_file = "${folder}/clean.shutdown"
[crio.api]
listen = "${socket}"
[crio.runtime]
apparmor_profile = "unconfined"
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
container_exits_dir = "${folder}/run/exits"
container_attach_socket_dir = "${folder}/run"
namespaces_dir = "${folder}/run/namespaces"
pinns_path = "${programs}/pinns"
hooks_dir = []
cdi_spec_dirs = []
irqbalance_config_file = ""
irqbalance_config_restore_file = "disable"
default_runtime = "runc"
[crio.runtime.runtimes.runc]
runtime_path = "${folder}/bin/runc"
runtime_root = "${folder}/run/runc"
monitor_path = "${findProgram('conmon') ?? ''}"
monitor_cgroup = "pod"
allowed_annotations = ["org.criu.config"]
[crio.image]
pause_image = "${registry}/pause:v1"
pause_command = ""
signature_policy_dir = "${folder}/empty"
[crio.network]
network_dir = "${folder}/cni"
plugin_dirs = ["/usr/lib/cni"]
[crio.nri]
enable_nri = false
`;
}

/** Its namespaces and its overlays stay mounted when it ends. */
async function unmountBelow(folder: string): Promise<void> {
  await execute(['sh', '-c', `awk '{print $2}' /proc/mounts | grep '^${folder}/' | sort -r | xargs -r -n 1 umount -l`]);
}
