/// A secure element (安全单元): what keeps a device's keys and uses them, so that the program around it never has them.
///
/// A driver of a chip implements this; so does `ElementConnection`, which speaks to the software element `anju-element`
/// in its own process. No call answers with a private or secret key, and none takes one in the clear.
///
/// - Source: clauses 9.5.1 to 9.5.9, 9.4 b and 9.4 d.
public protocol SecureElement: DeviceKeys {
  /// Which module this is, and which algorithms in which versions it has.
  func identity() async throws(SecureElementError) -> ElementIdentity
  /// Whether it is in order.
  func health() async throws(SecureElementError) -> ElementHealth
  /// Runs the periodic check of its randomness now.
  func checkRandomness() async throws(SecureElementError) -> ElementHealth

  /// The slots in use.
  func slots() async throws(SecureElementError) -> [KeySlot]
  /// Makes a key inside.
  func generate(
    _ algorithm: KeyAlgorithm, for usage: KeyUsage, label: String
  ) async throws(SecureElementError) -> KeySlot
  /// Takes a secret key that was encrypted to a key of the element (SM2: C1 ‖ C3 ‖ C2; RSA: OAEP with SHA-256).
  func importWrapped(
    _ wrapped: [UInt8], with slot: KeySlot.Number, as algorithm: KeyAlgorithm, for usage: KeyUsage, label: String
  ) async throws(SecureElementError) -> KeySlot
  /// Ends the use of a key for good; it stays in its slot, so that nothing else comes there unnoticed.
  func disable(_ slot: KeySlot.Number) async throws(SecureElementError)
  /// Overwrites a key and frees its slot.
  func destroy(_ slot: KeySlot.Number) async throws(SecureElementError)
  /// Overwrites every key, the counters and the platform's key: the element is as new.
  func wipe() async throws(SecureElementError)

  /// Signs a message: SM2 with SM3 (r ‖ s), or RSA-PSS with SHA-256.
  func sign(_ message: [UInt8], with slot: KeySlot.Number) async throws(SecureElementError) -> [UInt8]
  /// Seals data under a symmetric key inside: nonce ‖ ciphertext ‖ tag.
  func seal(
    _ data: [UInt8], authenticating associated: [UInt8], with slot: KeySlot.Number
  ) async throws(SecureElementError) -> [UInt8]
  /// Opens data sealed under a symmetric key inside; for TDES: initial vector ‖ ciphertext, which nothing
  /// authenticates.
  func open(
    _ sealed: [UInt8], authenticating associated: [UInt8], with slot: KeySlot.Number
  ) async throws(SecureElementError) -> [UInt8]

  /// Begins the key exchange of GB/T 32918.3; the key agreed on stays inside.
  func beginExchange(
    with slot: KeySlot.Number, id: [UInt8], peer: ElementPeer
  ) async throws(SecureElementError) -> ElementExchange
  /// Answers one that the other side began.
  func answerExchange(
    with slot: KeySlot.Number, id: [UInt8], peer: ElementPeer, share: [UInt8]
  ) async throws(SecureElementError) -> ElementExchange
  /// Ends one: the beginner gives the other's share and confirmation, the answerer the confirmation alone.
  ///
  /// - Returns: the slot of the SM4 key, which ends with the element's process, and the confirmation to send back
  ///   (empty for the answerer).
  func finishExchange(
    _ number: UInt32, share: [UInt8], confirmation: [UInt8]
  ) async throws(SecureElementError) -> (slot: KeySlot, confirmation: [UInt8])

  /// Random bytes, at most `ElementLimits.randomByteCountMax`.
  func random(_ count: Int) async throws(SecureElementError) -> [UInt8]
  /// One of eight counters that only ever grow.
  func counter(_ index: UInt8) async throws(SecureElementError) -> UInt64
  /// Adds one; the answer comes when the new value is on disk.
  func increment(_ index: UInt8) async throws(SecureElementError) -> UInt64
}

/// What is bounded.
public enum ElementLimits {
  /// Of a whole frame, without its length.
  public static let frameByteCountMax = 20_480
  /// Of a message that is signed, sealed, opened or protected.
  public static let messageByteCountMax = 16_384
  /// Of associated data or a context.
  public static let contextByteCountMax = 1_024
  public static let labelByteCountMax = 64
  public static let randomByteCountMax = 4_096
  public static let slotsMax = 64
  /// Sessions and offers of all callers together.
  public static let sessionsMax = 32
  /// Key exchanges under way, of all callers together.
  public static let exchangesMax = 8
  public static let countersCount: UInt8 = 8
  /// Callers at once.
  public static let connectionsMax = 16
  /// Of a distinguishing id.
  public static let idByteCountMax = 128
}
