import CLinux
import Glibc

/// What keeps keys out of swap, core dumps and freed memory, as far as this machine allows.
package struct ProcessHardening: Sendable {
  /// All memory stays in RAM.
  package let isLocked: Bool
  /// No core dump, and no other process of the same user reads the memory.
  package let isClosed: Bool

  /// Hardens this process. To be called first.
  package static func apply() -> ProcessHardening {
    // What the store and the token write is for this user alone, inside a folder that is anyway.
    umask(0o077)
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    let isClosed = anju_set_dumpable(0) == 0
    tellCrashesByPlace()
    // As pages come into use: else every thread's stack would be there in full, never touched.
    let isLocked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0
    scrubFreedMemory()
    return ProcessHardening(isLocked: isLocked, isClosed: isClosed)
  }

  /// Hardens the platform's process, which has opened values and data keys in memory now and then: no core dump, no
  /// reading by other processes of the same user. Its memory is not locked: there is too much of it. Nor is it
  /// overwritten when it is freed, which each message of a device would pay for: `SecretBytes` and `Opened` wipe what
  /// they hold. To be called first.
  ///
  /// - Returns: whether the kernel took it.
  @discardableResult
  package static func applyToPlatform() -> Bool {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    tellCrashesByPlace()
    return anju_set_dumpable(0) == 0
  }

  /// Lets a crash write its stack as places in the program, from within. The language's runtime would write registers
  /// and memory into the log, too, through a second process that may not read this one any more, and that it waits for.
  private static func tellCrashesByPlace() { _ = anju_tell_crashes_by_place() }

  /// Lets the C library overwrite every block that is freed, whoever freed it: parsed messages, copies of arrays. For
  /// the key service alone: it costs each allocation and each release a pass over the block.
  private static func scrubFreedMemory() {
    // Any value but 0; the complement of it fills what is freed.
    _ = mallopt(M_PERTURB, 0x5a)
  }
}
