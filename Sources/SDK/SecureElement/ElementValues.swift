/// Which module this is (clause 9.5.1).
public struct ElementIdentity: Hashable, Sendable {
  /// One algorithm of the module, with the version of the code that computes it.
  public struct Algorithm: Hashable, Sendable {
    /// Fixed for ever, as `anju.sm4-gcm`.
    public let id: String
    public let version: String

    public init(id: String, version: String) {
      self.id = id
      self.version = version
    }
  }

  /// 16 bytes that no other module has; SE_ID of the key ladder.
  public let id: [UInt8]
  /// The model, as `anju-element`.
  public let model: String
  public let version: String
  public let algorithms: [Algorithm]

  public init(id: [UInt8], model: String, version: String, algorithms: [Algorithm]) {
    self.id = id
    self.model = model
    self.version = version
    self.algorithms = algorithms
  }
}

/// Whether a module is in order.
public struct ElementHealth: Hashable, Sendable {
  /// What the element says of its source of randomness.
  public enum Randomness: UInt8, Hashable, Sendable {
    case good = 1
    /// A check failed twice running: no call that needs random numbers works before one passes.
    case alarm = 2
    /// Too many alarms: none works any more before the element is started anew.
    case latched = 3
  }

  public let randomness: Randomness
  /// Alarms since the start.
  public let alarms: UInt32
  /// Periodic checks passed since the start.
  public let checksPassed: UInt32
  /// Samples of the power-on check that are done, of 20; it runs while nobody asks for anything.
  public let powerOnSamplesDone: UInt8
  /// Whether no page of the process can be written to the disk; otherwise only those that hold keys can not.
  public let isAllMemoryLocked: Bool
  /// Whether the system calls are confined.
  public let isConfined: Bool

  public init(
    randomness: Randomness, alarms: UInt32, checksPassed: UInt32, powerOnSamplesDone: UInt8, isAllMemoryLocked: Bool,
    isConfined: Bool
  ) {
    self.randomness = randomness
    self.alarms = alarms
    self.checksPassed = checksPassed
    self.powerOnSamplesDone = powerOnSamplesDone
    self.isAllMemoryLocked = isAllMemoryLocked
    self.isConfined = isConfined
  }
}

/// The other side of a key exchange.
public struct ElementPeer: Hashable, Sendable {
  /// x963.
  public let key: [UInt8]
  /// Its distinguishing id.
  public let id: [UInt8]

  public init(key: [UInt8], id: [UInt8]) {
    self.key = key
    self.id = id
  }
}

/// A session offered.
public struct ElementOffer: Hashable, Sendable {
  public let number: UInt32
  /// What goes to the platform.
  public let message: [UInt8]

  public init(number: UInt32, message: [UInt8]) {
    self.number = number
    self.message = message
  }
}

/// A key exchange under way.
public struct ElementExchange: Hashable, Sendable {
  public let number: UInt32
  /// Goes to the other side.
  public let share: [UInt8]
  /// Goes with it; empty for who begins.
  public let confirmation: [UInt8]

  public init(number: UInt32, share: [UInt8], confirmation: [UInt8]) {
    self.number = number
    self.share = share
    self.confirmation = confirmation
  }
}
