package import Estate
package import Kernel

/// One device of the registry: what it is, whose it is, where it hangs.
package struct Device: Sendable, Hashable, Codable {
  package let id: ID<Device>
  package let number: DeviceNumber
  /// Its serial, as its certificate says: unique on the platform.
  package let name: DeviceName
  package let model: String
  package internal(set) var modelVersion: Int
  package let kind: DeviceKind
  /// Its only owner.
  ///
  /// - Source: clause 7.1.2 b.
  package internal(set) var organisation: ID<Organisation>
  package internal(set) var place: DevicePlace?
  /// The device that brings it; nil for one that connects itself.
  package internal(set) var gateway: ID<Device>?
  /// At most 16 of at most 64 characters each.
  package internal(set) var labels: [String]
  /// Type approval certificates, by the standard they are for.
  package internal(set) var approvals: [ApprovalCertificate]
  package internal(set) var status: DeviceStatus
  package let registeredAt: Instant
  /// Counts the changes of this record; an ETag.
  package internal(set) var version: Int64
}

/// Where a device hangs: a room and the building that the room is in.
package struct DevicePlace: Sendable, Hashable, Codable {
  package let building: ID<Building>
  package let room: ID<Room>

  package init(building: ID<Building>, room: ID<Room>) {
    self.building = building
    self.room = room
  }
}

/// How far a device has come from the box to its room.
package enum DeviceStatus: String, Sendable, Hashable, Codable, CaseIterable {
  /// Never connected yet.
  case registered
  case active
  /// Out of service for good: its certificates are revoked, its data stays.
  case decommissioned
}

/// A device's type approval: its certificate's number and its last day.
///
/// - Source: clauses 6.1.2 a and 6.2.2 a.
package struct ApprovalCertificate: Sendable, Hashable, Codable {
  /// `GA 374`.
  package let standard: String
  package let number: String
  package let expires: LocalDate?

  package init(standard: String, number: String, expires: LocalDate?) {
    self.standard = standard
    self.number = number
    self.expires = expires
  }
}

/// 1 to 64 characters of `A-Z a-z 0-9 . _ -`: a device's serial.
package struct DeviceName: Hashable, Sendable, LosslessStringConvertible, Codable {
  package let description: String

  /// - Returns: nil when a character is not allowed, or there are none or more than 64.
  package init?(_ text: String) {
    guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.allows) else { return nil }
    self.description = text
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let name = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a device name")
    }
    self = name
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  package static func allows(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
