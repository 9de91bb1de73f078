/** Programs that intruders bring along, by name and arguments. */
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity } from '../finding.ts';
import { baseName, commandOf, inlineProgram, isShell, processText, programOf, scriptOf } from '../program/program.ts';
import { isOwnProgram, rootProcess } from '../program/rows.ts';
import type { Rule } from './rule.ts';

/** What a process is called in any way: a tool that was renamed often still calls itself by its own name. */
function namesOf(process: ProcessRow): readonly string[] {
  const { name, arguments: args = [] } = process;
  const all = [programOf(process), name, args[0] && baseName(args[0].replace(/^-/, '')), scriptOf(process)];
  return [...new Set(all.flatMap((each) => (each ? baseName(each) : [])))];
}

interface Tool {
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly words: string;
}

function toolOf(process: ProcessRow, tools: readonly Tool[]): { tool: Tool; name: string } | undefined {
  for (const name of namesOf(process)) {
    const tool = tools.find(({ pattern }) => pattern.test(name));
    if (tool) return { tool, name };
  }
  return undefined;
}

/** A program that the container is there for was put there by who declared it. */
function softened(tables: Tables, process: ProcessRow, severity: Severity): Severity {
  return isOwnProgram(tables, process) ? 'low' : severity;
}

const TUNNELS: readonly Tool[] = [
  {
    pattern:
      /^(?:chisel|frpc|frps|ngrok|ligolo(?:-ng)?|ligolo-agent|gost|iodined?|dnscat2?|dnscat2-client|dns2tcp[cd]?|ptunnel(?:-ng)?|icmptunnel|pingtunnel|rathole|revsocks|rsocx|stowaway(?:_agent)?|earthworm|ew_for_linux\w*|nps|npc|sshuttle|reGeorg\w*|neoreg\w*|pivotnacci|wstunnel|gsocket|gs-netcat|gs-bd|bore|localtunnel|venom_agent|fscan_proxy|iox|pwnat|udp2raw|rpivot|merlinagent)(?:[-_](?:linux|amd64|arm64|x64|x86_64|v?\d).*)?(?:\.(?:py|elf|bin))?$/i,
    severity: 'high',
    words: 'makes tunnels',
  },
  {
    pattern:
      /^(?:cloudflared|tailscaled?|zerotier-one|nebula|autossh|microsocks|3proxy|srelay|danted|sockd|v2ray|xray|sing-box|hysteria|trojan(?:-go)?|ss-local|ss-server|sslocal|ssserver|tor|redsocks|proxychains4?|headscale|netbird|innernet)(?:[-_].*)?$/,
    severity: 'medium',
    words: 'carries connections of others',
  },
];

/** Options of ssh that forward, behind others that take no value; and those that take one. */
const FORWARDS = /^-[46AaCfGgKkMNnqsTtVvXxYy]*([RDLw])(.*)$/s;
const VALUED = /^-[46AaCfGgKkMNnqsTtVvXxYy]*[BbcEeFIiJlmOoPpQSW]$/;

/** The first forwarding that ssh was told; what stands behind the destination is a command for the other side. */
function forwardOf(args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    const [, letter, value] = FORWARDS.exec(argument) ?? [];
    if (letter !== undefined) return `-${letter} ${value || (args[at + 1] ?? '')}`;
    if (!argument.startsWith('-')) {
      // Options may stand behind the destination, until the command begins.
      const rest = args.slice(at + 1);
      return rest[0]?.startsWith('-') ? forwardOf(rest) : undefined;
    }
    if (VALUED.test(argument)) at += 1;
  }
  return undefined;
}

const SOCKETS =
  /^(?:TCP|TCP4|TCP6|UDP|UDP4|UDP6|OPENSSL|SSL|SCTP|SOCKS4A?|PROXY)(?:-(?:LISTEN|CONNECT|L|DATAGRAM|SENDTO|RECVFROM))?:/i;
const STARTED = /^(?:EXEC|SYSTEM|SHELL):/i;

/** What ssh, socat and nc are told, where that is a tunnel. */
function tunnelByArguments(process: ProcessRow): Tool | undefined {
  const program = programOf(process) ?? '';
  const args = (process.arguments ?? []).slice(1, 100);
  if (/^(?:ssh|autossh|dbclient|plink)$/.test(program)) {
    const option = forwardOf(args);
    if (option === undefined) return undefined;
    return {
      pattern: FORWARDS,
      severity: option.startsWith('-L') ? 'low' : 'medium',
      words: `forwards connections (ssh ${option.slice(0, 200)})`,
    };
  }
  if (!/^socat\d?$/.test(program)) return undefined;
  const addresses = args.filter((argument) => !argument.startsWith('-'));
  const isNet = addresses.filter((address) => SOCKETS.test(address)).length;
  if (addresses.some((address) => STARTED.test(address)) && isNet > 0)
    return { pattern: SOCKETS, severity: 'high', words: 'gives a program to a connection (socat)' };
  return isNet >= 2 ? { pattern: SOCKETS, severity: 'medium', words: 'relays connections (socat)' } : undefined;
}

export const tunnellingTool: Rule = {
  id: 'tunnelling-tool',
  title: 'program that carries connections past the network’s rules',
  severity: 'high',
  techniques: ['T1572', 'T1090'],
  why: 'A tunnel from inside goes out as an ordinary connection and lets others come in by it, past every rule of the network.',
  benign: 'The same programs are there for work: as the container’s own program they are `low`.',
  patterns: [
    {
      id: 'tunnelling-tool-chisel',
      pattern: { kind: 'regex', source: 'Sec-WebSocket-Protocol: chisel-v\\d', anchors: ['Protocol: chisel-v'] },
    },
  ],
  *judge(tables) {
    const found = new Set<number>();
    for (const process of tables.processes) {
      const named = toolOf(process, TUNNELS);
      const tool = tunnelByArguments(process) ?? named?.tool;
      if (tool === undefined || process.state === 'dead') continue;
      found.add(process.pid);
      yield {
        summary: `${processText(process)} ${tool.words}${named && tool === named.tool ? ` (${named.name})` : ''}`,
        references: [{ kind: 'process', pid: process.pid }],
        severity: softened(tables, process, tool.severity),
        details: { command: commandOf(process).slice(0, 1000) },
      };
    }
    for (const { pattern, pid, address, bytes } of tables.memory) {
      if (pattern !== 'tunnelling-tool-chisel' || pid === undefined || found.has(pid)) continue;
      found.add(pid);
      yield {
        summary: `process ${pid} has a greeting of chisel in its memory, which makes tunnels`,
        references: [{ kind: 'memory', pid, address, bytes }],
      };
    }
  },
};

const OFFENSIVE: readonly Tool[] = [
  {
    pattern:
      /^(?:linpeas\w*|winpeas\w*|linenum|lse|linux-exploit-suggester.*|les|pspy(?:32|64)?s?|deepce|amicontained|kubeletctl.*|peirates.*|kube-?hunter|kubesploit|cdk(?:_linux.*)?|botb|traitor.*|mimipenguin\w*|lazagne|swap_digger|3snake|meterpreter|msfconsole|msfvenom|mettle|sliver(?:-client|-server)?|merlin\w*|cobaltstrike|beacon\.elf|havoc|mythic|poseidon|empire|pupy\w*|covenant|villain|hoaxshell|weevely\w*|tsh|tshd|reptile\w*|diamorphine\w*|azazel|jynx2?|bedevil|bdvl|pwnkit|dirty_?cow|dirtypipe\w*|dirty_?sock|overlayfs_?exp|cve-\d{4}-\d+.*|exploit(?:_\w+)?|leaky-?vessels|runc_?escape|fscan\w*|fuxploider|crackmapexec|netexec|nxc|impacket-\w+|secretsdump(?:\.py)?|psexec\.py|responder(?:\.py)?|bettercap|ettercap|mitmf|kerbrute|certipy|bloodhound(?:\.py)?|rubeus|evil-winrm|gtfoblookup|hydra|medusa|ncrack|patator|john|hashcat(?:\.bin)?|sqlmap(?:\.py)?|commix|xsstrike|nikto|wpscan|joomscan|routersploit|beef-xss|setoolkit|backdoor-factory|the-backdoor-factory|gsecdump|truffleroot)(?:\.(?:sh|py|pl|rb|elf|bin))?$/i,
    severity: 'high',
    words: 'is made for breaking in',
  },
  {
    pattern:
      /^(?:nmap|masscan|zmap|zgrab2?|rustscan|naabu|nuclei|httpx|subfinder|amass|gobuster|ffuf|dirb|dirbuster|dirsearch(?:\.py)?|feroxbuster|wfuzz|arp-scan|arpspoof|dsniff|netdiscover|fping|hping3?|unicornscan|enum4linux(?:-ng)?|smbmap|snmpwalk|onesixtyone|kubescape|trivy-k8s)$/i,
    severity: 'medium',
    words: 'looks for what could be attacked',
  },
];
/** Names that are words of everybody: only as what a file is called, not as a name that a thread gave itself. */
const COMMON = /^(?:les|lse|john|beacon|empire|exploit|havoc|mythic|medusa|tsh|cdk|httpx)$/i;

export const offensiveTool: Rule = {
  id: 'offensive-tool',
  title: 'tool for breaking in or looking around',
  severity: 'high',
  techniques: ['T1588.002', 'T1046'],
  why: 'Scanners, searchers for ways to become root and frameworks of attackers have no work in a container of a service.',
  benign: 'A test that was ordered, or a container that is there to scan (`low` as its own program).',
  *judge(tables) {
    for (const process of tables.processes) {
      const found = toolOf(process, OFFENSIVE);
      if (found === undefined || process.state === 'dead') continue;
      if (COMMON.test(found.name) && programOf(process) !== found.name) continue;
      yield {
        summary: `${processText(process)} runs ${found.name}, which ${found.tool.words}`,
        references: [
          { kind: 'process', pid: process.pid },
          { kind: 'fd', pid: process.pid, fd: 'exe' },
        ],
        severity: softened(tables, process, found.tool.severity),
        details: { command: commandOf(process).slice(0, 1000) },
      };
    }
  },
};

/** Ways out of a container that are typed. */
const ESCAPES: readonly (readonly [RegExp, string])[] = [
  [
    /(?:^|[\s;|&/])nsenter\s+[^;|&]*(?:(?:-t|--target)[ =]?1\b|--mount=\/(?:proc|host)|-m\w*\s+\/proc\/1\b)/,
    'enters the namespaces of process 1 of another',
  ],
  [/(?:^|[\s;|&/])chroot\s+\/(?:host|hostfs|rootfs|mnt|proc\/1\/root)\b/, 'changes its root to that of the machine'],
  [
    /(?:>|tee|dd\s[^|;]*of=)\s*\S*(?:\/release_agent|\/proc\/sys\/kernel\/core_pattern|\/sys\/kernel\/uevent_helper|\/proc\/sys\/kernel\/modprobe)\b/,
    'tells the kernel what to start on the machine',
  ],
  [
    /(?:^|[\s;|&/])(?:mount|debugfs)\s[^;|&]*\/dev\/(?:sd[a-z]|vd[a-z]|xvd[a-z]|nvme\d|dm-\d|mapper\/)/,
    'mounts a disk of the machine',
  ],
  [
    /\/(?:var\/)?run\/(?:docker|containerd\/containerd|crio\/crio|podman\/podman)\.sock\b/,
    'speaks to the runtime of the machine',
  ],
  [
    /(?:^|[\s;|&/])unshare\s[^;|&]*(?:-\w*U\w*[rm]|--map-root-user|-\w*r\w*m)[^;|&]*/,
    'makes itself root of a namespace of its own',
  ],
  [/(?:^|[\s;|&/])insmod\s+\S+\.ko\b/, 'loads a module into the kernel'],
];

export const containerEscape: Rule = {
  id: 'container-escape-command',
  title: 'command that leads out of a container',
  severity: 'high',
  techniques: ['T1611'],
  why: 'These commands enter or change the machine under the container, and are what is typed to get out of one.',
  benign:
    'Agents of the node and debugging pods do so by design: `medium` where the first process of the container does it itself.',
  *judge(tables) {
    for (const process of tables.processes) {
      if (process.state === 'dead') continue;
      const program = programOf(process) ?? '';
      const isTool = /^(?:nsenter|chroot|mount|debugfs|unshare|insmod|dd|tee|curl|docker|ctr|nerdctl|crictl)$/.test(
        program,
      );
      const text = isTool ? commandOf(process) : isShell(process) ? inlineProgram(process) : undefined;
      const found = text === undefined ? undefined : ESCAPES.find(([pattern]) => pattern.test(text.slice(0, 4096)));
      if (found === undefined) continue;
      yield {
        summary: `${processText(process)} ${found[1]}`,
        references: [{ kind: 'process', pid: process.pid }],
        severity: process.pid === rootProcess(tables)?.pid ? 'medium' : undefined,
        details: { command: commandOf(process).slice(0, 1000) },
      };
    }
  },
};
