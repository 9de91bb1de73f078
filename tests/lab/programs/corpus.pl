# A process tree that holds one of everything a checkpoint can hold. What it writes into a thing is "corpus:" and the
# thing's name, so that a test which finds it again knows what it has found (corpus.ts, `corpusValue`).
# Needs perl with threads and nothing else; what a machine refuses is written to /ready, one line each. Where each value is
# stands in /places: thing, pid, fd or -, address or -.
use strict;
use warnings;
use threads;
use Fcntl qw(:DEFAULT :flock);
use IO::Handle;
use POSIX ();
use Socket;
use DynaLoader ();

# Written by the test: numbers of system calls here.
my %CALL = do { no strict; %{ do '/etc/corpus-calls.pl' } };
my (@kept, @refused, @threads, @places);
our $GLOBAL = 'corpus:global';
my $SELF = POSIX::getpid() + 0;

sub value { return "corpus:$_[0]" }
sub call {
  my ($name, @rest) = @_;
  die "no call $name\n" unless defined $CALL{$name};
  my $result = syscall($CALL{$name}, @rest);
  die "$name: $!\n" if $result < 0;
  return $result;
}
sub keep { push @kept, @_; return $_[0] }
sub place {
  my ($thing, $file, $address) = @_;
  my $fd = !defined $file ? '-' : ref $file ? fileno $file : $file;
  push @places, join(' ', $thing, $SELF, $fd, defined $address ? sprintf('0x%x', $address) : '-') . "\n";
}
sub attempt {
  my ($what, $do) = @_;
  eval { $do->(); 1 } or push @refused, "$what: $@";
}
sub write_all {
  my ($handle, $bytes) = @_;
  syswrite($handle, $bytes) == length $bytes or die "short write: $!\n";
}
sub must { die "$_[1]: $!\n" unless defined $_[0]; return $_[0] }

mkdir "/work";
chdir "/work";

attempt 'pipe', sub {
  pipe(my $out, my $in) or die "$!\n";
  write_all($in, value('pipe'));
  place('pipe', $out);
  keep($out, $in);
};
attempt 'fifo', sub {
  POSIX::mkfifo('/work/fifo', 0600) or die "$!\n";
  sysopen(my $fifo, '/work/fifo', O_RDWR) or die "$!\n";
  write_all($fifo, value('fifo'));
  place('fifo', $fifo);
  keep($fifo);
};
attempt 'ghost', sub {
  sysopen(my $small, '/work/ghost-small', O_RDWR | O_CREAT) or die "$!\n";
  write_all($small, value('ghost'));
  unlink '/work/ghost-small';
  # With holes: 64 KiB of nothing, then text, then nothing to 256 KiB.
  sysopen(my $large, '/work/ghost-large', O_RDWR | O_CREAT) or die "$!\n";
  sysseek($large, 65536, 0);
  write_all($large, value('ghost-chunk'));
  truncate($large, 262144);
  unlink '/work/ghost-large';
  place('ghost', $small);
  place('ghost-chunk', $large);
  keep($small, $large);
};
attempt 'memfd', sub {
  my $name = "corpus-memfd";
  # MFD_ALLOW_SEALING, then F_ADD_SEALS (1033) with F_SEAL_GROW.
  my $fd = call('memfd_create', $name, 2);
  open(my $memfd, '+<&=', $fd) or die "$!\n";
  write_all($memfd, value('memfd'));
  fcntl($memfd, 1033, 4) or die "seal: $!\n";
  place('memfd', $memfd);
  keep($memfd);
};
attempt 'shared mapping', sub {
  # PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS; filled through a pipe, for perl has no pointers.
  my $address = call('mmap', 0, 8192, 3, 0x21, -1, 0);
  pipe(my $out, my $in) or die "$!\n";
  my $text = value('shared-mapping');
  write_all($in, $text);
  call('read', fileno($out), $address + 4096, length $text);
  place('shared-mapping', undef, $address + 4096);
};
attempt 'POSIX shared memory', sub {
  sysopen(my $shm, '/dev/shm/corpus', O_RDWR | O_CREAT) or die "$!\n";
  write_all($shm, value('posix-shm'));
  truncate($shm, 4096);
  place('posix-shm', $shm, call('mmap', 0, 4096, 3, 1, fileno($shm), 0));
  keep($shm);
};
attempt 'System V shared memory', sub {
  # IPC_CREAT with permissions.
  my $id = must(shmget(0xc0, 8192, 01600), 'shmget');
  shmwrite($id, value('sysv-shm'), 0, length value('sysv-shm')) or die "shmwrite: $!\n";
  place('sysv-shm', undef, call('shmat', $id, 0, 0));
};
attempt 'System V semaphores', sub {
  my $id = must(semget(0xc1, 3, 01600), 'semget');
  # SETVAL is 16.
  semctl($id, $_, 16, 11 * ($_ + 1)) or die "semctl: $!\n" for 0 .. 2;
};
attempt 'System V messages', sub {
  my $id = must(msgget(0xc2, 01600), 'msgget');
  msgsnd($id, pack('l! a*', 7, value("sysv-message-$_")), 0) or die "msgsnd: $!\n" for 1, 2;
};

attempt 'Unix sockets', sub {
  socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die "$!\n";
  write_all($a, value('unix-stream'));
  socket(my $receiver, AF_UNIX, SOCK_DGRAM, 0) or die "$!\n";
  bind($receiver, pack_sockaddr_un('/work/datagrams')) or die "$!\n";
  socket(my $sender, AF_UNIX, SOCK_DGRAM, 0) or die "$!\n";
  connect($sender, pack_sockaddr_un('/work/datagrams')) or die "$!\n";
  send($sender, value("unix-datagram-$_"), 0) for 1, 2;
  socket(my $listener, AF_UNIX, SOCK_STREAM, 0) or die "$!\n";
  bind($listener, pack_sockaddr_un("\0corpus-abstract")) or die "$!\n";
  listen($listener, 7);
  place('unix-stream', $b);
  place('unix-datagram', $receiver);
  keep($a, $b, $receiver, $sender, $listener);
};
attempt 'descriptors in flight', sub {
  socketpair(my $a, my $b, AF_UNIX, SOCK_DGRAM, 0) or die "$!\n";
  open(my $file, '<', '/etc/corpus-calls.pl') or die "$!\n";
  my $text = value('in-flight');
  my $vector = pack('P Q', $text, length $text);
  # SOL_SOCKET, SCM_RIGHTS, one descriptor.
  my $control = pack('Q i i i x4', 20, 1, 1, fileno($file));
  my $header = pack('Q L x4 P Q P Q i x4', 0, 0, $vector, 1, $control, length $control, 0);
  call('sendmsg', fileno($a), $header, 0);
  place('in-flight', $b);
  keep($a, $b, $file);
};
attempt 'TCP', sub {
  socket(my $listener, AF_INET, SOCK_STREAM, 0) or die "$!\n";
  setsockopt($listener, SOL_SOCKET, SO_RCVBUF, 4096);
  bind($listener, pack_sockaddr_in(7070, INADDR_LOOPBACK)) or die "$!\n";
  listen($listener, 5);
  socket(my $client, AF_INET, SOCK_STREAM, 0) or die "$!\n";
  connect($client, pack_sockaddr_in(7070, INADDR_LOOPBACK)) or die "connect: $!\n";
  accept(my $server, $listener) or die "$!\n";
  write_all($server, value('tcp-to-client'));
  # Until neither the receiver's queue nor the sender's takes more.
  $client->blocking(0);
  my $sent = 0;
  while (defined(my $n = syswrite($client, value('tcp-to-server') . ' ' x 1000))) { $sent += $n }
  place('tcp-to-client', $client);
  place('tcp-to-server', $server);
  keep($listener, $client, $server);
};
attempt 'UDP', sub {
  socket(my $a, AF_INET, SOCK_DGRAM, 0) or die "$!\n";
  bind($a, pack_sockaddr_in(7071, INADDR_LOOPBACK)) or die "$!\n";
  socket(my $b, AF_INET, SOCK_DGRAM, 0) or die "$!\n";
  connect($b, pack_sockaddr_in(7071, INADDR_LOOPBACK)) or die "$!\n";
  socket(my $six, AF_INET6, SOCK_STREAM, 0) or die "IPv6: $!\n";
  bind($six, pack_sockaddr_in6(7072, Socket::IN6ADDR_LOOPBACK())) or die "IPv6: $!\n";
  listen($six, 3);
  keep($a, $b, $six);
};
attempt 'netlink socket', sub {
  socket(my $netlink, 16, SOCK_RAW, 0) or die "$!\n";
  bind($netlink, pack('S S L L', 16, 0, 0, 1)) or die "$!\n";
  keep($netlink);
};
attempt 'packet socket', sub {
  # SOCK_DGRAM, ETH_P_ARP: nothing of loopback ever comes in.
  socket(my $packet, 17, SOCK_DGRAM, unpack('n', pack('S', 0x0806))) or die "$!\n";
  keep($packet);
};

attempt 'eventfd', sub { call('eventfd2', 42, 0) };
attempt 'timerfd', sub {
  my $fd = call('timerfd_create', 1, 0);
  call('timerfd_settime', $fd, 0, pack('q4', 3600, 0, 1800, 0), 0);
};
attempt 'signalfd', sub { call('signalfd4', -1, pack('Q', 1 << 9), 8, 0) };
attempt 'inotify', sub {
  my $fd = call('inotify_init1', 0);
  my $path = "/work";
  call('inotify_add_watch', $fd, $path, 0x100);
};
attempt 'epoll', sub {
  my $epoll = call('epoll_create1', 0);
  my $watched = call('eventfd2', 0, 0);
  call('epoll_ctl', $epoll, 1, $watched, $CALL{packed_epoll} ? pack('L Q', 1, 0xc0ffee) : pack('L x4 Q', 1, 0xc0ffee));
};
attempt 'fanotify', sub {
  my $fd = call('fanotify_init', 0, 0);
  my $path = "/work";
  # FAN_MARK_ADD, FAN_OPEN, relative to nothing.
  call('fanotify_mark', $fd, 1, 0x20, -100, $path);
} if $ENV{FANOTIFY};
attempt 'pidfd', sub { call('pidfd_open', $SELF, 0) } if $ENV{PIDFD};
attempt 'namespace file', sub { sysopen(my $ns, '/proc/self/ns/uts', O_RDONLY) or die "$!\n"; keep($ns) };
attempt 'tun', sub { sysopen(my $tun, '/dev/net/tun', O_RDWR) or die "$!\n"; keep($tun) };

attempt 'file locks', sub {
  sysopen(my $whole, '/work/locked', O_RDWR | O_CREAT) or die "$!\n";
  flock($whole, LOCK_EX) or die "$!\n";
  sysopen(my $range, '/work/range', O_RDWR | O_CREAT) or die "$!\n";
  # F_WRLCK from the start, bytes 10 to 29; F_SETLK is 6.
  my $lock = pack('s s x4 q q i x4', 1, 0, 10, 20, 0);
  fcntl($range, 6, $lock) or die "$!\n";
  keep($whole, $range);
};
attempt 'owner of signals', sub {
  pipe(my $out, my $in) or die "$!\n";
  # F_SETOWN is 8, F_SETSIG 10.
  fcntl($out, 8, $SELF) or die "$!\n";
  fcntl($out, 10, 12) or die "$!\n";
  keep($out, $in);
};
attempt 'terminal', sub {
  sysopen(my $master, '/dev/ptmx', O_RDWR | O_NOCTTY) or die "ptmx: $!\n";
  ioctl($master, 0x40045431, my $unlock = pack('i', 0)) or die "unlock: $!\n";
  ioctl($master, 0x80045430, my $number = pack('I', 0)) or die "number: $!\n";
  my $path = '/dev/pts/' . unpack('I', $number);
  my $pid = fork() // die "$!\n";
  if ($pid == 0) {
    POSIX::setsid();
    # The first terminal that a session's leader opens is the session's.
    sysopen(my $slave, $path, O_RDWR) or POSIX::_exit(9);
    close $master;
    syswrite($slave, value('terminal') . "\n");
    $0 = 'corpus-session';
    sleep 1 while 1;
  }
  place('terminal', $master);
  keep($master);
};
attempt 'interval timer', sub { call('setitimer', 0, pack('q4', 900, 0, 1800, 0), 0) };
attempt 'POSIX timer', sub {
  my $id = pack('q', 0);
  # CLOCK_MONOTONIC; SIGEV_SIGNAL with SIGUSR2 and a value.
  call('timer_create', 1, pack('Q i i x48', 0x5eed, 12, 0), $id);
  call('timer_settime', unpack('i', $id), 0, pack('q4', 0, 0, 7200, 0), 0);
};
attempt 'pending signals', sub {
  POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(10, 12, 34)) or die "$!\n";
  kill 10, $SELF;
};
attempt 'rights', sub {
  my $pid = fork() // die "$!\n";
  return if $pid;
  # No title here: perl writes it over the texts of the environment.
  delete $ENV{CORPUS};
  eval {
    $) = '0 10 20';
    POSIX::nice(5) or die "nice: $!\n";
    # RLIMIT_NOFILE.
    call('prlimit64', 0, 7, pack('Q Q', 512, 1024), 0);
    # PR_SET_PDEATHSIG with SIGHUP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_NAME.
    call('prctl', 1, 1, 0, 0, 0);
    call('prctl', 36, 1, 0, 0, 0);
    call('prctl', 38, 1, 0, 0, 0);
    my $name = 'corpus-rights';
    call('prctl', 15, $name, 0, 0, 0);
    # SA_RESTART; SIGTERM and SIGHUP are blocked meanwhile.
    my $action = POSIX::SigAction->new(sub { }, POSIX::SigSet->new(1, 15), 0x10000000);
    POSIX::sigaction(12, $action) or die "sigaction: $!\n";
    $SIG{TTIN} = 'IGNORE';
    # SIGUSR1 waits for this thread alone; it inherits that it is blocked.
    call('tkill', call('gettid'), 10);
    # ld [0]; jeq #kexec_file_load, 2, 3; ret ERRNO(7); ret ALLOW. PR_SET_SECCOMP, SECCOMP_MODE_FILTER.
    my $filter = pack('S C C L' x 4, 0x20, 0, 0, 0, 0x15, 0, 1, $CALL{kexec_file_load}, 6, 0, 0, 0x50007, 6, 0, 0, 0x7fff0000);
    my $program = pack('S x6 P', 4, $filter);
    call('prctl', 22, 2, $program, 0, 0);
    1;
  } or do {
    open(my $told, '>', '/rights-refused');
    print $told $@;
    close $told;
  };
  sleep 1 while 1;
};
# CRIU 4.2.1 waits for ever for a stopped process in a frozen cgroup (version 1), so there is none by default.
attempt 'stopped child', sub {
  my $stopped = fork() // die "$!\n";
  if ($stopped == 0) { $0 = 'corpus-stopped'; kill 'STOP', POSIX::getpid(); sleep 1 while 1 }
} if $ENV{STOPPED};
attempt 'zombie', sub {
  my $dead = fork() // die "$!\n";
  POSIX::_exit(3) if $dead == 0;
};
attempt 'threads', sub {
  for my $number (1, 2) {
    push @threads, threads->create(sub {
      my $name = "corpus-thread-$number";
      # PR_SET_NAME
      syscall($CALL{prctl}, 15, $name);
      sleep 1 while 1;
    });
  }
};

# Perl has no pointers, but packs them.
place('global', undef, unpack('J', pack('p', $GLOBAL)));
# PR_SET_NAME. A new $0 would be written over arguments and environment, as the children have it.
my $main = 'corpus-main';
syscall($CALL{prctl}, 15, $main);
open(my $places, '>', '/places') or die;
print $places @places;
close $places;
open(my $refused, '>', '/refused') or die;
print $refused @refused;
close $refused;
sleep 1;
rename '/refused', '/ready';
sleep 1 while 1;
