import CLinux
import Glibc
package import SecureElement

/// Shuts the process in: no core file, no debugger of the same user, no new privileges, and of the system calls only
/// those that a running element needs. It opens no file and makes no connection after that.
///
/// - Source: clauses 9.5.2 and 9.5.4.
package enum Confinement {
  /// What holds from the program's first line.
  ///
  /// - Throws: `.inside`.
  package static func refuseDumps() throws(SecureElementError) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0, linux_refuse_dumps() == 0,
      linux_refuse_new_privileges() == 0
    else { throw .inside }
    // A fault ends the process with a code: no trace of the stack, no memory, goes anywhere.
    for signal in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT] {
      Glibc.signal(signal) { _ in
        let text: StaticString = "anju-element: fault, ended\n"
        _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
        _exit(Confinement.faultStatus)
      }
    }
    signal(SIGPIPE, SIG_IGN)
  }

  /// The exit status after a fault.
  package static var faultStatus: Int32 { 70 }

  /// What holds from the moment the element serves: every thread, until the process ends.
  ///
  /// - Throws: `.inside` when the system has no filters.
  package static func confine() throws(SecureElementError) {
    let program = filter()
    let answer = program.withUnsafeBufferPointer { linux_confine($0.baseAddress, UInt16($0.count)) }
    guard answer == 0 else { throw .inside }
  }

  /// The calls of a running element. Each line is here because without it one of its tests ends by signal 31.
  static let allowed: [Int32] = [
    // Callers.
    SYS_read, SYS_write, SYS_sendto, SYS_ppoll, SYS_accept4, SYS_close, SYS_getsockopt,
    // The store: files that are open already.
    SYS_pwrite64, SYS_pread64, SYS_fdatasync, SYS_ftruncate, SYS_fstat, SYS_flock,
    // Randomness, time, the check thread.
    SYS_getrandom, SYS_clock_gettime, SYS_clock_nanosleep, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_gettid,
    // Memory; without pages that may be executed, see below.
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_mlock,
    // The end.
    SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack, SYS_tgkill, SYS_exit, SYS_exit_group,
    SYS_restart_syscall,
  ] + ofMachine

  #if arch(x86_64)
    private static let architecture: UInt32 = 0xc000_003e
    private static let ofMachine: [Int32] = [SYS_poll]
  #elseif arch(arm64)
    private static let architecture: UInt32 = 0xc000_00b7
    private static let ofMachine: [Int32] = []
  #endif

  /// The program of the kernel's packet filter; see seccomp(2).
  static func filter() -> [sock_filter] {
    let (load, jumpEqual, jumpBits, jumpAbove, answer): (UInt16, UInt16, UInt16, UInt16, UInt16) =
      (0x20, 0x15, 0x45, 0x35, 0x06)
    let (allow, end): (UInt32, UInt32) = (0x7fff_0000, 0x8000_0000)
    func line(_ code: UInt16, _ value: UInt32, yes: UInt8 = 0, no: UInt8 = 0) -> sock_filter {
      sock_filter(code: code, jt: yes, jf: no, k: value)
    }
    // Of the call's description: 0 its number, 4 the machine, 32 the low half of the third argument.
    var program = [
      line(load, 4), line(jumpEqual, architecture, yes: 1), line(answer, end),
      line(load, 0), line(jumpAbove, 0x4000_0000, no: 1), line(answer, end),
    ]
    for call in allowed { program += [line(jumpEqual, UInt32(call), no: 1), line(answer, allow)] }
    for call in [SYS_mmap, SYS_mprotect] {
      program += [
        line(jumpEqual, UInt32(call), no: 4), line(load, 32), line(jumpBits, UInt32(PROT_EXEC), no: 1),
        line(answer, end), line(answer, allow),
      ]
    }
    return program + [line(answer, end)]
  }
}
