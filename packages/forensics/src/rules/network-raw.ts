/** Sockets below the protocols: what listens in on the network, or forges packets. */
import type { SocketRow } from '../analysers/sockets.ts';
import type { Severity } from '../finding.ts';
import { socketReferences } from '../signs/connections.ts';
import { type Programs, programsOf } from '../signs/programs.ts';
import type { Rule } from './rule.ts';

/** Programs whose work that is. */
const SNIFFERS =
  /^(?:tcpdump|dumpcap|tshark|wireshark|dhclient|dhcpcd|udhcpc|systemd-network|NetworkManager|keepalived|lldpd|arping|ndisc6|wpa_supplicant|hostapd|suricata|zeek|bro|snort|calico|felix|bird|cilium|speaker|controller|metallb|kube-vip|kube-router|flanneld|frr|zebra|ospfd|bgpd|radvd|dnsmasq|avahi|arpwatch|ntopng|packetbeat|falco|conntrackd|ptp4l|mdnsd|corosync|pacemaker)/;
const PINGERS =
  /^(?:ping6?|fping|mtr|traceroute\w*|nmap|nping|hping3?|telegraf|blackbox|smokeping|zabbix|nagios|check_ping|check_icmp|prometheus|icinga|oping|collectd|dpinger|haproxy)/;

/** Whoever has a socket first, in words, and what its program is called; empty names where nobody has it. */
function holderOf({ holders: [first] }: SocketRow, programs: Programs) {
  if (first === undefined) return { who: 'a process', odd: undefined, name: '', title: '' };
  const { pid } = first;
  const [name, title] = [programs.nameOf(pid), programs.get(pid)?.name ?? ''];
  return { who: programs.label(pid), odd: programs.oddity(pid), name, title };
}

export const packetSocket: Rule = {
  id: 'packet-socket',
  title: 'a process listens in on the network',
  severity: 'medium',
  techniques: ['T1040'],
  why: 'A packet socket gets all that passes an interface: passwords in clear text, and packets that wake a backdoor without any port.',
  benign: 'DHCP clients, load balancers that share an address, routing and network plugins, recording on purpose.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const socket of tables.sockets) {
      if (socket.family !== 'packet') continue;
      const { who, odd, name, title } = holderOf(socket, programs);
      const known = SNIFFERS.test(name) || SNIFFERS.test(title);
      yield {
        summary: `${who}${odd ? `, ${odd},` : ''} has a packet socket (${socket.protocol}${socket.interface ? ` on ${socket.interface}` : ''})`,
        references: socketReferences(socket),
        severity: odd ? 'high' : known ? 'info' : undefined,
        details: { protocol: socket.protocol, interface: socket.interface, type: socket.type },
      };
    }
  },
};

export const rawSocket: Rule = {
  id: 'raw-socket',
  title: 'a process makes packets of its own',
  severity: 'medium',
  techniques: ['T1095'],
  why: 'A raw socket sends and takes packets below TCP and UDP: scans, tunnels over ICMP, forged senders.',
  benign: 'ping, and monitoring that pings; VRRP and OSPF of load balancers and routers.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const socket of tables.sockets) {
      if (socket.type !== 'raw' || (socket.family !== 'ipv4' && socket.family !== 'ipv6')) continue;
      const { who, odd, name } = holderOf(socket, programs);
      const icmp = socket.protocol.startsWith('icmp');
      const known = (icmp && PINGERS.test(name)) || SNIFFERS.test(name);
      const severity: Severity | undefined = odd ? 'high' : known ? 'info' : icmp ? 'low' : undefined;
      yield {
        summary: `${who}${odd ? `, ${odd},` : ''} has a raw socket (${socket.protocol})`,
        references: socketReferences(socket),
        severity,
        details: { protocol: socket.protocol },
      };
    }
  },
};

/** Netlink protocols by which a process learns what others do. */
const TELLING = new Map<string, string>([
  ['audit', 'what the kernel’s audit records'],
  ['connector', 'which processes begin and end'],
  ['sock-diag', 'all sockets'],
  ['netfilter', 'packets and connections'],
  ['nflog', 'packets'],
]);

export const netlinkSocket: Rule = {
  id: 'netlink-socket',
  title: 'a process asks the kernel about others',
  severity: 'info',
  techniques: ['T1049', 'T1057'],
  why: 'Over these sockets the kernel tells of processes, sockets and audit records of others.',
  benign: 'ss, auditd, monitoring and service meshes; OpenSSH and PAM write to audit.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const socket of tables.sockets) {
      const what = socket.family === 'netlink' ? TELLING.get(socket.protocol) : undefined;
      if (what === undefined || socket.family !== 'netlink') continue;
      const { who, odd } = holderOf(socket, programs);
      yield {
        summary: `${who} is told ${what} (netlink ${socket.protocol})`,
        references: socketReferences(socket),
        severity: odd === undefined ? undefined : 'medium',
        details: { protocol: socket.protocol, groups: socket.groups.slice(0, 32) },
      };
    }
  },
};
