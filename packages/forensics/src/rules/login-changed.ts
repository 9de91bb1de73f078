/** Who may log in, and as whom: SSH keys and server, sudo, PAM. */
import { newLines, suspiciousCommand } from '../signs/commands.ts';
import { packagedPaths } from '../signs/packages.ts';
import { referencesOf, textsOf, verbOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

const SHOWN = 200;

export const sshKeyAdded: Rule = {
  id: 'ssh-key-added',
  title: 'somebody’s SSH key lets them in',
  severity: 'medium',
  techniques: ['T1098.004'],
  why: 'A key in authorized_keys is a way back in without a password, and is seldom looked at.',
  benign: 'Bastions, SFTP servers and Git servers write the keys of their users at the start.',
  *judge(tables) {
    for (const row of textsOf(tables, 'ssh-keys')) {
      const lines = newLines(row.text, row.before);
      const keys = lines.filter((line) =>
        /(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-|sk-(?:ssh|ecdsa))\S* +[A-Za-z0-9+/=]{20,}/.test(line),
      );
      const isStart = /\/(?:sshrc|rc)$/.test(row.path);
      if (keys.length === 0 && (!isStart || lines.length === 0)) continue;
      const forced = lines.find((line) => /\bcommand="/.test(line) && suspiciousCommand(line));
      const comments = keys
        .map((key) => /(?:AAAA[A-Za-z0-9+/=]+)\s+(.{1,100})/.exec(key)?.[1])
        .filter((each) => each !== undefined);
      yield {
        summary: isStart
          ? `${row.path} was ${verbOf(row)}: it is run at every login by SSH`
          : `${row.path} was ${verbOf(row)}: ${keys.length === 1 ? 'one key is' : `${keys.length} keys are`} let in`,
        references: referencesOf(row),
        severity: forced ? 'high' : undefined,
        details: { keys: keys.length, comments: comments.slice(0, 10) },
      };
    }
  },
};

const WEAK: readonly (readonly [RegExp, string])[] = [
  [/^permitrootlogin\s+yes\b/i, 'root may log in by password'],
  [/^permitemptypasswords\s+yes\b/i, 'accounts without a password may log in'],
  [/^authorizedkeyscommand\s+(?!none\b)\S/i, 'a command says which keys are let in'],
  [/^authorizedkeysfile\s+.*(?:\/tmp|\/var\/tmp|\/dev\/shm)/i, 'keys are looked for where anybody may write'],
  [/^usepam\s+no\b/i, 'PAM is not asked'],
  [/^strictmodes\s+no\b/i, 'permissions of key files are not looked at'],
];

export const sshdWeakened: Rule = {
  id: 'sshd-weakened',
  title: 'the SSH server lets in more than before',
  severity: 'medium',
  techniques: ['T1556', 'T1021.004'],
  why: 'A container that takes logins of root, or without passwords, is open to whoever reaches its port.',
  benign: 'Images made for SSH that write their configuration at the start.',
  *judge(tables) {
    const packaged = packagedPaths(tables);
    for (const row of textsOf(tables, 'sshd')) {
      const lines = newLines(row.text, row.before);
      const weak = lines.flatMap((line) => WEAK.filter(([sign]) => sign.test(line)).map(([, why]) => ({ line, why })));
      if (lines.length === 0) continue;
      const [first] = weak;
      yield {
        summary: first ? `${row.path} was ${verbOf(row)}: ${first.why}` : `${row.path} was ${verbOf(row)}`,
        references: referencesOf(row),
        severity: first ? undefined : packaged.ownerOf(row.path) ? 'info' : 'low',
        details: {
          lines: (first ? weak.map(({ line }) => line) : lines).slice(0, 10).map((line) => line.slice(0, SHOWN)),
        },
      };
    }
  },
};

export const sudoersChanged: Rule = {
  id: 'sudoers-changed',
  title: 'somebody may become root',
  severity: 'low',
  techniques: ['T1548.003'],
  why: 'A line of sudoers without a password makes root of whoever takes over that account.',
  benign: 'Development images that give their user sudo at the start.',
  *judge(tables) {
    for (const row of textsOf(tables, 'sudoers')) {
      const lines = newLines(row.text, row.before).filter(
        (line) => !/^(?:Defaults|@include|root\s|%(?:sudo|wheel|admin)\s+ALL=\(ALL(?::ALL)?\)\s+ALL$)/.test(line),
      );
      if (lines.length === 0) continue;
      const open = lines.find((line) => /NOPASSWD|^permit\s+nopass/.test(line));
      yield {
        summary: `${row.path} was ${verbOf(row)}${open ? ': somebody becomes root without a password' : ''}`,
        references: referencesOf(row),
        severity: open ? 'medium' : undefined,
        details: { line: (open ?? lines[0])?.slice(0, SHOWN) },
      };
    }
  },
};

export const pamChanged: Rule = {
  id: 'pam-changed',
  title: 'the way logins are checked was changed',
  severity: 'medium',
  techniques: ['T1556.003'],
  why: 'A module of PAM sees every password, and one line more lets in whoever knows a second one.',
  benign: 'Packages that bring a service of their own (cron, su, sshd).',
  *judge(tables) {
    const packaged = packagedPaths(tables);
    for (const row of textsOf(tables, 'pam')) {
      const lines = newLines(row.text, row.before);
      if (lines.length === 0) continue;
      const bad = lines.find((line) =>
        /\bpam_exec\.so\b|^auth\s+sufficient\s+pam_permit\.so|^auth\s+\S+\s+\/(?:tmp|var\/tmp|dev\/shm|home|root)\//.test(
          line,
        ),
      );
      const owner = packaged.ownerOf(row.path);
      // Debian puts these together anew with every package that brings a module.
      const ofManager = tables.packages.managers.includes('dpkg') && /\/common-[a-z-]+$/.test(row.path);
      yield {
        summary: `${row.path} was ${verbOf(row)}${bad ? `: ${bad.slice(0, SHOWN)}` : ''}`,
        references: referencesOf(row),
        severity: bad ? 'high' : owner !== undefined ? 'info' : ofManager ? 'low' : undefined,
        details: { newLines: lines.length, ...(owner === undefined ? {} : { package: owner }) },
      };
    }
  },
};
