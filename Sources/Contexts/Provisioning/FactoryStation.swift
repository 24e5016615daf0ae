package import Kernel

/// A place at a manufacturer's that puts keys into devices (发行工位).
package struct FactoryStation: Sendable, Hashable {
  package let id: ID<FactoryStation>
  package let organisation: ID<Organisation>
  /// As the manufacturer calls it, 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
  package let name: String
  /// The SM2 keys of its certificate: what it signs with, and what a batch file is encrypted to. Points, 65 bytes.
  package let verifyingKey: [UInt8]
  package let encryptionKey: [UInt8]
  package let registeredAt: Instant
  /// Shut out: since when, and why a person said so; nil while it may work.
  package let block: Block?

  package var isBlocked: Bool { block != nil }

  /// Why a station is shut out.
  package struct Block: Sendable, Hashable {
    /// nil for one that was blocked before this was kept.
    package let at: Instant?
    package let reason: String?
  }

  /// What is told of a station.
  package struct New: Sendable, Hashable {
    package let name: String
    package let verifyingKey: [UInt8]
    package let encryptionKey: [UInt8]

    package init(name: String, verifyingKey: [UInt8], encryptionKey: [UInt8]) {
      self.name = name
      self.verifyingKey = verifyingKey
      self.encryptionKey = encryptionKey
    }
  }
}

/// What a station may do for a while: so many devices, from then to then (发行批次).
package struct ProvisioningLot: Sendable, Hashable {
  package let id: ID<ProvisioningLot>
  package let organisation: ID<Organisation>
  package let station: ID<FactoryStation>
  /// Devices at most, 1 to `quotaMax`.
  package let quota: Int
  /// Devices that have got a key, or are about to.
  package let used: Int
  package let validFrom: Instant
  package let validUntil: Instant
  /// A closed lot takes no more devices, ever.
  package let closedAt: Instant?
  /// It was given to the station as a file; nothing is added to it any more.
  package let isFile: Bool
  /// What people call it by: an order's number, a model; empty without one.
  package let note: String

  package static let quotaMax = 1_000_000
  package static let noteLengthMax = 100

  /// What a lot is good for at a moment, but for its station's being blocked.
  package enum State: String, Sendable, Hashable, CaseIterable {
    /// It takes devices.
    case open
    /// Its time has not begun.
    case coming
    /// As many devices as it may have.
    case full
    /// Its time is over.
    case over
    /// Given out as a file.
    case file
    /// Ended by a person.
    case closed
  }

  package func state(at now: Instant) -> State {
    if closedAt != nil { return .closed }
    if isFile { return .file }
    if now >= validUntil { return .over }
    if used >= quota { return .full }
    return now < validFrom ? .coming : .open
  }

  /// Why no device can be added now; nil when one can.
  func obstacle(at now: Instant) -> ProvisioningError? {
    if closedAt != nil || isFile { return .lotClosed }
    if now < validFrom || now >= validUntil { return .lotNotNow }
    return used >= quota ? .quotaExceeded(quota) : nil
  }
}
