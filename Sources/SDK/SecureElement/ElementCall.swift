/// The calls, as they are numbered on the wire. A number is never given to another call.
public enum ElementCall: UInt8, Hashable, Sendable, CaseIterable {
  case identity = 0x01
  case health = 0x02
  case checkRandomness = 0x03
  case slots = 0x10
  case generate = 0x11
  case importWrapped = 0x12
  case disable = 0x13
  case destroy = 0x14
  case wipe = 0x15
  case sign = 0x20
  case seal = 0x21
  case open = 0x22
  case trust = 0x30
  case provisioningRequest = 0x31
  case provision = 0x32
  case beginRenewal = 0x33
  case finishRenewal = 0x34
  case offerSession = 0x40
  case finishSession = 0x41
  case protect = 0x42
  case unprotect = 0x43
  case endSession = 0x44
  case beginExchange = 0x50
  case answerExchange = 0x51
  case finishExchange = 0x52
  case random = 0x60
  case counter = 0x61
  case increment = 0x62
  /// To one element of several in one process.
  case at = 0x70
}
