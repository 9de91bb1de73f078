/** Which files are worth their content: where systems are made to start, to trust, or to serve something. */

/** What a place is for. */
export type TextTopic =
  | 'accounts'
  | 'sudoers'
  | 'cron'
  | 'shell-start'
  | 'loader'
  | 'service'
  | 'ssh-keys'
  | 'sshd'
  | 'pam'
  | 'names'
  | 'web'
  | 'package-hooks'
  | 'interpreter-start'
  | 'client-config'
  | 'kernel';

const HOME = '/(?:root|home/[^/]+|var/lib/[^/]+|var/www|etc/skel)';

/** By path in the container; the first that fits counts. */
const PLACES: readonly (readonly [TextTopic, RegExp])[] = [
  ['accounts', /^\/etc\/(?:passwd|shadow|group|gshadow)$/],
  ['sudoers', /^\/etc\/(?:sudoers|sudoers\.d\/[^/]+|doas\.conf|doas\.d\/[^/]+)$/],
  [
    'cron',
    /^\/(?:etc\/(?:crontab|anacrontab|cron\.(?:d|hourly|daily|weekly|monthly)\/[^/]+|crontabs\/[^/]+|periodic\/[^/]+\/[^/]+)|var\/spool\/(?:cron|at|atjobs)\/.+)$/,
  ],
  [
    'shell-start',
    new RegExp(
      `^(?:/etc/(?:profile|profile\\.d/[^/]+|bash\\.bashrc|bashrc|environment|zsh/[^/]+|zshrc|zshenv|zprofile|csh\\.(?:cshrc|login)|fish/.+)|(?:${HOME})?/\\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zshenv|zlogin|kshrc|cshrc|config/fish/config\\.fish))$`,
    ),
  ],
  ['loader', /^\/etc\/(?:ld\.so\.preload|ld\.so\.conf|ld\.so\.conf\.d\/[^/]+|ld-musl-[^/]+\.path)$/],
  [
    'service',
    new RegExp(
      `^(?:/(?:etc|lib|usr/lib|usr/local/lib|run)/systemd/(?:system|user)/.+|${HOME}/\\.config/(?:systemd/user|autostart)/.+|/etc/(?:init\\.d|rc\\.d|rc[0-6S]\\.d|runit|runlevels|local\\.d|xinetd\\.d|supervisor|supervisord\\.d|s6-overlay|services\\.d|cont-init\\.d|update-motd\\.d|init)/.+|/etc/(?:rc\\.local|inittab|inetd\\.conf|supervisord\\.conf)|/(?:etc|lib|usr/lib)/udev/rules\\.d/.+)$`,
    ),
  ],
  ['ssh-keys', /\/(?:\.ssh\/(?:authorized_keys2?|rc)|etc\/ssh\/(?:authorized_keys\/[^/]+|authorized_keys|sshrc))$/],
  ['sshd', /^\/etc\/ssh\/(?:sshd_config|sshd_config\.d\/[^/]+)$/],
  ['pam', /^\/etc\/(?:pam\.conf|pam\.d\/[^/]+|security\/(?:pam_env\.conf|access\.conf))$/],
  ['names', /^\/etc\/(?:hosts|resolv\.conf|nsswitch\.conf)$/],
  [
    'package-hooks',
    /^\/etc\/(?:apt\/apt\.conf|apt\/apt\.conf\.d\/[^/]+|apt\/sources\.list|apt\/sources\.list\.d\/[^/]+|dpkg\/dpkg\.cfg|dpkg\/dpkg\.cfg\.d\/[^/]+|apk\/commit_hooks\.d\/[^/]+|apk\/repositories|yum\/pluginconf\.d\/[^/]+|dnf\/plugins\/[^/]+|pacman\.d\/hooks\/[^/]+)$/,
  ],
  ['interpreter-start', /\/(?:sitecustomize\.py|usercustomize\.py|(?:site|dist)-packages\/[^/]+\.pth)$/],
  ['client-config', new RegExp(`^${HOME}/(?:\\.docker/config\\.json|\\.dockercfg|\\.config/containers/auth\\.json)$`)],
  ['kernel', /\/(?:release_agent|core_pattern|notify_on_release)$/],
  [
    'web',
    /^(?:\/(?:var\/www|usr\/share\/nginx|usr\/local\/apache2|usr\/local\/tomcat\/webapps|srv|app|opt\/[^/]+\/webapps)\/|.*\/(?:htdocs|webapps|public_html|wwwroot|cgi-bin|html)\/).*\.(?:php[3-8]?|phtml|phar|inc|jspx?|jspf|war|aspx?|ashx|asmx|cfm|py|cgi|pl|rb|sh)$/i,
  ],
];

/** What the file at `path` is for; undefined for one whose content nobody asks for. */
export function topicOf(path: string): TextTopic | undefined {
  return PLACES.find(([, place]) => place.test(path))?.[0];
}

/** Where anybody may write, and programs are seldom meant to be. */
const SCRATCH = /^\/(?:tmp|var\/tmp|dev\/shm|run\/shm|dev|run\/lock|var\/lock|var\/run|run)\//;
const SYSTEM = /^\/(?:usr\/(?:local\/)?)?(?:bin|sbin|lib|lib32|lib64|libx32|libexec)\//;

/** Whether `path` is below a folder for temporary files. */
export function isScratch(path: string): boolean {
  return SCRATCH.test(path);
}

/** Whether `path` is where a system has its programs and libraries. */
export function isSystem(path: string): boolean {
  return SYSTEM.test(path);
}

/** Whether a part of `path` is a name that listings leave out, or that looks like none. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') && part !== '.' && part !== '..');
}
