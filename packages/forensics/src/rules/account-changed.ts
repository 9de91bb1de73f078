/** Accounts: a second root, a password where there was none. */
import type { TextRow } from '../analysers/texts.ts';
import { newLines } from '../signs/commands.ts';
import { referencesOf, textsOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** Fields of passwd(5). */
function accountsOf(lines: readonly string[]) {
  return lines.map((line) => {
    const [name = '', password = '', uid = ''] = line.split(':');
    return { name, password, uid };
  });
}

function named(rows: readonly TextRow[], path: string): readonly TextRow[] {
  return rows.filter((row) => row.path === path);
}

/** A hash of crypt(3), or nothing at all, which lets everybody in. */
const HASH = /^(?:\$[\w.]+\$|_.{19}$|[./0-9A-Za-z]{13}$)/;

export const accountSecondRoot: Rule = {
  id: 'account-second-root',
  title: 'another account is root',
  severity: 'high',
  techniques: ['T1136.001', 'T1098'],
  why: 'Whoever logs in under any name with uid 0 is root. A second one is a way back in that survives a changed password.',
  benign: 'FreeBSD’s and some distributions’ images have a `toor` of their own; the image has it too then.',
  *judge(tables) {
    for (const row of named(textsOf(tables, 'accounts'), '/etc/passwd')) {
      const lines = newLines(row.text, row.before);
      for (const { name, uid } of accountsOf(lines).filter((each) => /^0+$/.test(each.uid) && each.name !== 'root')) {
        yield {
          summary: `/etc/passwd has an account ${name} with uid ${uid}, which is root’s`,
          references: referencesOf(row),
          details: { account: name, comparedWithImage: row.before !== undefined },
        };
      }
    }
  },
};

export const accountPassword: Rule = {
  id: 'account-password',
  title: 'an account got a password',
  severity: 'medium',
  techniques: ['T1136.001', 'T1098'],
  why: 'Services in containers need no passwords. One that was set is for somebody who means to log in.',
  benign: 'Images with an SSH server whose start sets the password of its user (linuxserver/openssh, sftp servers).',
  *judge(tables) {
    const rows = textsOf(tables, 'accounts');
    for (const row of [...named(rows, '/etc/shadow'), ...named(rows, '/etc/passwd')]) {
      const isShadow = row.path === '/etc/shadow';
      for (const { name, password, uid } of accountsOf(newLines(row.text, row.before))) {
        const open = password === '' && (isShadow || /^\d+$/.test(uid));
        if (!HASH.test(password) && !open) continue;
        // An account without a password is how many images come; what the image had is known only where it is given.
        const weak = isShadow && open && row.before === undefined;
        if (weak) continue;
        yield {
          summary: `${row.path} has ${open ? 'an account without any password' : 'a password hash'}: ${name}`,
          references: referencesOf(row),
          severity: row.before === undefined && !open ? 'low' : undefined,
          details: { account: name, comparedWithImage: row.before !== undefined },
        };
      }
    }
  },
};

export const accountFileChanged: Rule = {
  id: 'account-file-changed',
  title: 'a file of accounts was changed',
  severity: 'info',
  techniques: ['T1098'],
  why: 'Accounts and groups decide who may do what; it is worth a look which lines are new.',
  benign:
    'Entrypoints that fit an account to the uid of a volume (usermod, adduser), packages that bring an account, OpenShift’s random uids.',
  *judge(tables) {
    for (const row of textsOf(tables, 'accounts')) {
      const lines = newLines(row.text, row.before);
      if (lines.length === 0) continue;
      const names = lines.map((line) => line.split(':')[0] ?? '').slice(0, 20);
      yield {
        summary: `${row.path} was written${row.before === undefined ? '' : `: ${names.length} lines are new`}`,
        references: referencesOf(row),
        details: row.before === undefined ? {} : { newAccounts: names },
      };
    }
  },
};
