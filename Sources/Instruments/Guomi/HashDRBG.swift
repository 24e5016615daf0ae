internal import CGuomi
internal import Synchronization

/// A random bit generator: Hash-DRBG with SM3, 256 bits of strength.
///
/// It takes entropy from a source that the program hands in, tests each byte of it, and reseeds after a number of
/// requests. Once the entropy fails a test, or the generator its known answer, it gives nothing any more.
/// - Source: SP 800-90A Rev. 1, 10.1.1; GM/T 0105-2021; health tests SP 800-90B, 4.4.
public final class HashDRBG: Sendable {
  /// Bytes of entropy and nonce together of one seeding: 256 and 128 bits.
  public static let seedByteCount = 48
  /// The most bytes of one internal request; more are made by several.
  public static let requestByteCountMax = 65_536

  private struct State {
    let generator: SecretBytes
    var health = EntropyHealth()
    var failure: RandomFailure?
  }

  private let entropy: RandomSource
  private let reseedsEachTime: Bool
  private let requestsMax: UInt64
  private let state: Mutex<State>

  /// - Parameters:
  ///   - entropy: in programs `RandomSource.operatingSystem`.
  ///   - personalization: what tells this generator from others with the same entropy; no secret.
  ///   - reseedsEachTime: prediction resistance, fresh entropy before each request.
  ///   - requestsMax: requests between two seedings, 1 to 2^48.
  /// - Throws: when the entropy or the self-test fails.
  public init(
    entropy: RandomSource, personalization: [UInt8] = [], reseedsEachTime: Bool = false, requestsMax: UInt64 = 1_024
  ) throws(RandomFailure) {
    precondition((1...(1 << 48)).contains(requestsMax), "a seed serves 1 to 2^48 requests")
    self.entropy = entropy
    self.reseedsEachTime = reseedsEachTime
    self.requestsMax = requestsMax
    try Self.selfTest()
    var state = State(generator: SecretBytes(count: MemoryLayout<guomi_drbg_state>.size) { _ in })
    try Self.seed(&state, isReseed: false, from: entropy, extra: personalization)
    self.state = Mutex(state)
  }

  /// Fills a buffer of any length.
  public func fill(_ buffer: UnsafeMutableRawBufferPointer, additional: [UInt8] = []) throws(RandomFailure) {
    try state.withLock { (state) throws(RandomFailure) in
      if let failure = state.failure { throw failure }
      var rest = buffer
      while !rest.isEmpty {
        if reseedsEachTime || Self.requests(of: state) > requestsMax {
          try Self.seed(&state, isReseed: true, from: entropy, extra: additional)
        }
        let part = min(rest.count, Self.requestByteCountMax)
        Self.withGenerator(of: state) { generator in
          guomi_drbg_generate(
            generator, additional, additional.count, rest.bindMemory(to: UInt8.self).baseAddress, part)
        }
        rest = UnsafeMutableRawBufferPointer(rebasing: rest[part...])
      }
    }
  }

  /// Takes fresh entropy now.
  public func reseed(additional: [UInt8] = []) throws(RandomFailure) {
    try state.withLock { (state) throws(RandomFailure) in
      if let failure = state.failure { throw failure }
      try Self.seed(&state, isReseed: true, from: entropy, extra: additional)
    }
  }

  /// This generator as the source of nonces and keys.
  public var source: RandomSource {
    RandomSource { (buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) in try self.fill(buffer) }
  }

  private static func seed(
    _ state: inout State, isReseed: Bool, from entropy: RandomSource, extra: [UInt8]
  ) throws(RandomFailure) {
    do throws(RandomFailure) {
      let fresh = try entropy.secret(seedByteCount)
      try fresh.withUnsafeBytes { (bytes) throws(RandomFailure) in try state.health.take(bytes) }
      fresh.withUnsafeBytes { fresh in
        withGenerator(of: state) { generator in
          guomi_drbg_seed(generator, isReseed ? 1 : 0, fresh.baseAddress, fresh.count, extra, extra.count)
        }
      }
    } catch {
      // What it would give from now on could be guessed.
      state.failure = error
      throw error
    }
  }

  private static func requests(of state: State) -> UInt64 { withGenerator(of: state) { $0.pointee.reseed_counter } }

  private static func withGenerator<Result>(
    of state: State, _ body: (UnsafeMutablePointer<guomi_drbg_state>) -> Result
  ) -> Result {
    state.generator.withUnsafeBytes { bytes in
      // Only here, under the lock, is this secret changed after it was made; nobody else holds it.
      let buffer = UnsafeMutableRawBufferPointer(mutating: bytes)
      guard let generator = buffer.bindMemory(to: guomi_drbg_state.self).baseAddress else {
        preconditionFailure("the state has a size")
      }
      return body(generator)
    }
  }

  /// Known answers of the hash and of the generator, before the first byte is given.
  private static func selfTest() throws(RandomFailure) {
    let abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    guard SM3.hash(Array("abc".utf8)).description == abc else {
      throw RandomFailure(reason: "the self-test of SM3 failed")
    }
    let state = State(generator: SecretBytes(count: MemoryLayout<guomi_drbg_state>.size) { _ in })
    let seed = (0..<UInt8(seedByteCount)).map { $0 }
    var made = [UInt8](repeating: 0, count: 32)
    withGenerator(of: state) { generator in
      guomi_drbg_seed(generator, 0, seed, seed.count, nil, 0)
      guomi_drbg_generate(generator, nil, 0, &made, made.count)
      guomi_drbg_seed(generator, 1, seed, seed.count, nil, 0)
      guomi_drbg_generate(generator, nil, 0, &made, made.count)
    }
    guard hexadecimal(made) == knownAnswer else {
      throw RandomFailure(reason: "the self-test of the generator failed")
    }
  }

  /// Of an independent computation: Tests/GuomiTests/Peers/sm2.py.
  static let knownAnswer = "fc227314f81176645ba98321d33bede5d91548cfeb81ed59cb93468f0aaf212f"
}

/// The two continuous tests of an entropy source, byte by byte.
///
/// - Source: SP 800-90B, 4.4.1 and 4.4.2; a false alarm less often than once in 2^30 for 6 bits a byte or better.
struct EntropyHealth {
  /// So many equal bytes in a row are too many.
  static let repetitionsMax = 6
  /// So often may the first byte of a window come in it.
  static let proportionMax = 19
  static let windowByteCount = 512

  private var last: UInt8?
  private var repetitions = 0
  private var sample: UInt8 = 0
  private var sampleCount = 0
  private var windowPosition = 0

  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(RandomFailure) {
    for byte in bytes {
      repetitions = byte == last ? repetitions + 1 : 1
      last = byte
      guard repetitions < Self.repetitionsMax else { throw RandomFailure(reason: "the entropy repeats itself") }
      if windowPosition == 0 {
        sample = byte
        sampleCount = 0
      }
      if byte == sample { sampleCount += 1 }
      guard sampleCount < Self.proportionMax else { throw RandomFailure(reason: "the entropy prefers one value") }
      windowPosition = (windowPosition + 1) % Self.windowByteCount
    }
  }
}
