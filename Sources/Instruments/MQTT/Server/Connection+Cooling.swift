import NIOCore

extension Connection {
  /// For how long nothing was sent to a connection whose TLS pages are given back. A device that reports every few
  /// seconds keeps them; one that reports every minute takes a fresh page each time, which costs a microsecond or two.
  private static let coolMilliseconds: UInt64 = 5_000

  /// When TLS's pages may be given back; nil: they were.
  var coolDue: UInt64? { hasCiphertext && ciphertext != nil ? lastSent + Self.coolMilliseconds : nil }

  /// Gives TLS's pages back when nothing was sent for a while and all that was sent is written.
  func cool(now: UInt64) {
    guard let ciphertext, let coolDue, now >= coolDue else { return }
    guard out == nil, isAllWritten else { return lastSent = now }
    CiphertextPages.giveBack(ciphertext)
    hasCiphertext = false
  }

  /// Notes that TLS's buffer is written to.
  func noteSent() {
    lastSent = loop.coarseNow
    guard !hasCiphertext else { return }
    hasCiphertext = true
    if phase == .connected, let nextCall { loop.move(self, deadline: nextCall) }
  }

  private var isAllWritten: Bool {
    (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
  }
}
