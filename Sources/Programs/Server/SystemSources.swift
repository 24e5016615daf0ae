import CLinux
import Foundation
package import Kernel

/// The real clock and real randomness: made here, in the programs, and nowhere below.
package enum SystemSources {
  /// The machine's wall clock.
  package static let time = Timekeeper(
    // A double holds microseconds of this era exactly to a quarter.
    now: { Instant(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded(.down))) },
    sleep: { try await Task.sleep(for: $0) })

  package static let ids = IDSource(time: time) { (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)) }

  /// Bytes from the kernel's generator, as many as it gives in one call at a time: a call costs more than the bytes.
  @Sendable package static func randomBytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, let start = buffer.baseAddress {
        let got = getrandom(start + filled, count - filled, 0)
        precondition(got > 0 || errno == EINTR, "the kernel gives no random bytes")
        filled += max(got, 0)
      }
    }
  }
}
