package import Guomi
import KeyLadder
package import SecureElement

/// The software secure element: every call of `SecureElement`, with the keys in this object and nowhere else.
///
/// One thread uses it. It answers requests and does no input or output besides its store; `ElementServer` is what
/// others speak to.
/// - Source: clauses 9.5.1 to 9.5.4 and 9.5.6 to 9.5.9; 9.4 b and 9.4 d.
package final class SoftElement: ElementAnswering {
  /// Who makes a call: sessions and exchanges belong to who began them.
  package typealias Caller = UInt64

  let store: ElementStore
  package let randomness: Randomness
  var state: StoredState
  /// SM4 keys in use: they count how much they have sealed.
  var sealing: [KeySlot.Number: SM4.GCMKey] = [:]
  var sessions: [UInt32: SessionEntry] = [:]
  var exchanges: [UInt32: ExchangeEntry] = [:]
  var request: ProvisioningRequest?
  var renewal: RenewalEntry?
  private var lastNumber: UInt32 = 0
  /// What the program has done to shut itself in.
  package var isAllMemoryLocked = false
  package var isConfined = false

  /// Tests the algorithms and the randomness, then opens the store, or begins a new one.
  ///
  /// - Parameters:
  ///   - folder: of the store; exists.
  ///   - secret: the device secret.
  ///   - entropy: in programs `RandomSource.operatingSystem`.
  /// - Throws: `.selfTest`, `.randomness`, `.storage`, `.notAuthentic` for another device's store.
  package convenience init(
    folder: String, secret: SecretBytes, entropy: RandomSource
  ) throws(SecureElementError) {
    try self.init(folder: folder, secret: secret, checking: Randomness(entropy: entropy))
  }

  /// The same, with a generator that was made before and is tested here.
  convenience init(folder: String, secret: SecretBytes, checking randomness: Randomness) throws(SecureElementError) {
    try KnownAnswers.check(random: randomness.source)
    guard randomness.checkUntilSettled() else { throw .randomness }
    try self.init(folder: folder, secret: secret, tested: randomness)
  }

  /// Opens the store; what had to be tested has been.
  init(folder: String, secret: SecretBytes, tested randomness: Randomness) throws(SecureElementError) {
    self.randomness = randomness
    store = try ElementStore(folder: folder, secret: secret, random: randomness.source)
    if let state = try store.load() {
      self.state = state
    } else {
      do throws(RandomFailure) {
        state = StoredState(id: try randomness.source.bytes(StoredState.idByteCount))
      } catch {
        throw .randomness
      }
      try store.save(state)
    }
  }

  var random: RandomSource { randomness.source }

  /// Answers one call.
  package func answer(_ request: ElementRequest, for caller: Caller) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .identity: return .identity(Self.identity(state.id))
    case .health: return .health(health)
    case .checkRandomness:
      randomness.checkPeriodically()
      return .health(health)
    case .random(let count):
      guard count <= ElementLimits.randomByteCountMax else { throw .malformed }
      return .bytes(try mapped { try random.bytes(Int(count)) })
    case .counter(let index):
      guard index < ElementLimits.countersCount else { throw .malformed }
      return .number(state.counters[Int(index)])
    case .increment(let index): return .number(try increment(index))
    case .slots, .generate, .importWrapped, .disable, .destroy, .wipe: return try answerKeys(request)
    case .sign, .seal, .open: return try answerUse(request)
    case .trust, .provisioningRequest, .provision, .beginRenewal, .finishRenewal: return try answerLadder(request)
    case .offerSession, .finishSession, .protect, .unprotect, .endSession:
      return try answerSession(request, for: caller)
    case .beginExchange, .answerExchange, .finishExchange: return try answerExchange(request, for: caller)
    // One element is no rack.
    case .at: throw .unknownCall
    }
  }

  /// A caller is gone, and what it began with it.
  package func forget(_ caller: Caller) {
    sessions = sessions.filter { $0.value.caller != caller }
    exchanges = exchanges.filter { $0.value.caller != caller }
  }

  package var health: ElementHealth {
    randomness.health(isAllMemoryLocked: isAllMemoryLocked, isConfined: isConfined)
  }

  private func increment(_ index: UInt8) throws(SecureElementError) -> UInt64 {
    guard index < ElementLimits.countersCount else { throw .malformed }
    var new = state
    guard new.counters[Int(index)] < .max else { throw .wornOut }
    new.counters[Int(index)] += 1
    try commit(new)
    return new.counters[Int(index)]
  }

  /// Makes a new state count: on disk first, then here.
  ///
  /// - Parameter isErasing: writes both files, so that no old one holds a key that is gone.
  func commit(_ new: StoredState, isErasing: Bool = false) throws(SecureElementError) {
    try store.save(new)
    state = new
    if isErasing { try store.save(new) }
  }

  /// A number for a session or an exchange.
  func newNumber() -> UInt32 {
    repeat { lastNumber &+= 1 } while sessions[lastNumber] != nil || exchanges[lastNumber] != nil
    return lastNumber
  }

  /// Turns what the instruments throw into a code.
  func mapped<Value>(_ body: () throws -> Value) throws(SecureElementError) -> Value {
    do {
      return try body()
    } catch let error as SecureElementError {
      throw error
    } catch let error as KeyLadderError {
      throw SecureElementError(error)
    } catch let error as SM2Error {
      throw SecureElementError(error)
    } catch let error as SM4.Failure {
      throw SecureElementError(error)
    } catch is RandomFailure {
      throw .randomness
    } catch {
      throw .inside
    }
  }
}

extension SecureElementError {
  init(_ error: KeyLadderError) {
    switch error {
    case .id, .length, .malformed: self = .malformed
    case .epoch, .notAuthentic, .session: self = .notAuthentic
    case .replayed: self = .replayed
    case .wornOut: self = .wornOut
    case .random: self = .randomness
    }
  }

  init(_ error: SM2Error) {
    switch error {
    case .random: self = .randomness
    case .decryptionFailed, .confirmationFailed: self = .notAuthentic
    default: self = .malformed
    }
  }

  init(_ error: SM4.Failure) {
    switch error {
    case .random: self = .randomness
    case .wornOut: self = .wornOut
    case .notAuthentic, .truncated: self = .notAuthentic
    default: self = .malformed
    }
  }
}
