/// One call with what it needs.
public enum ElementRequest: Hashable, Sendable {
  case identity
  case health
  case checkRandomness
  case slots
  case generate(KeyAlgorithm, KeyUsage, label: String)
  case importWrapped(with: KeySlot.Number, KeyAlgorithm, KeyUsage, label: String, wrapped: [UInt8])
  case disable(KeySlot.Number)
  case destroy(KeySlot.Number)
  case wipe
  case sign(KeySlot.Number, message: [UInt8])
  case seal(KeySlot.Number, data: [UInt8], associated: [UInt8])
  case open(KeySlot.Number, sealed: [UInt8], associated: [UInt8])
  case trust(platform: [UInt8])
  case provisioningRequest(device: [UInt8])
  case provision(answer: [UInt8])
  case beginRenewal(epochStart: UInt64)
  case finishRenewal(answer: [UInt8])
  case offerSession(isEphemeral: Bool)
  case finishSession(UInt32, answer: [UInt8])
  case protect(UInt32, message: [UInt8], context: [UInt8])
  case unprotect(UInt32, message: [UInt8], context: [UInt8])
  case endSession(UInt32)
  case beginExchange(KeySlot.Number, id: [UInt8], peer: ElementPeer)
  case answerExchange(KeySlot.Number, id: [UInt8], peer: ElementPeer, share: [UInt8])
  case finishExchange(UInt32, share: [UInt8], confirmation: [UInt8])
  case random(UInt16)
  case counter(UInt8)
  case increment(UInt8)
  /// A call to the element of this name, in a rack of several; not itself an `at`.
  indirect case at(element: [UInt8], ElementRequest)

  public var call: ElementCall {
    switch self {
    case .identity: .identity
    case .health: .health
    case .checkRandomness: .checkRandomness
    case .slots: .slots
    case .generate: .generate
    case .importWrapped: .importWrapped
    case .disable: .disable
    case .destroy: .destroy
    case .wipe: .wipe
    case .sign: .sign
    case .seal: .seal
    case .open: .open
    case .trust: .trust
    case .provisioningRequest: .provisioningRequest
    case .provision: .provision
    case .beginRenewal: .beginRenewal
    case .finishRenewal: .finishRenewal
    case .offerSession: .offerSession
    case .finishSession: .finishSession
    case .protect: .protect
    case .unprotect: .unprotect
    case .endSession: .endSession
    case .beginExchange: .beginExchange
    case .answerExchange: .answerExchange
    case .finishExchange: .finishExchange
    case .random: .random
    case .counter: .counter
    case .increment: .increment
    case .at: .at
    }
  }
}
