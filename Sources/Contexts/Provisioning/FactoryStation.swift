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
  package internal(set) var isBlocked: Bool
  package let registeredAt: Instant

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

  package static let quotaMax = 1_000_000

  /// Why no device can be added now; nil when one can.
  func obstacle(at now: Instant) -> ProvisioningError? {
    if closedAt != nil || isFile { return .lotClosed }
    if now < validFrom || now >= validUntil { return .lotNotNow }
    return used >= quota ? .quotaExceeded(quota) : nil
  }
}
