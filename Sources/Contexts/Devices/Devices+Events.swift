package import Kernel

/// A device was registered.
package struct DeviceRegistered: JournalEvent {
  package static let kind = "device.registered"
  package let device: ID<Device>
  package let name: DeviceName
  package let model: String

  package var subject: String { device.description }
}

/// A device's record changed: its place, model version, owner or status.
package struct DeviceChanged: JournalEvent {
  /// What about the device is new.
  package enum Change: String, Sendable, Hashable, Codable {
    case record
    case transferred
    case decommissioned
    /// It connected for the first time.
    case activated
  }

  package static let kind = "device.changed"
  package let device: ID<Device>
  package let change: Change

  package var subject: String { device.description }
}

/// A certificate was given out.
package struct CertificateIssued: JournalEvent {
  package static let kind = "certificate.issued"
  package let device: ID<Device>
  package let serial: String

  package var subject: String { device.description }
}

/// A certificate is no longer good: its sessions end.
package struct CertificateRevoked: JournalEvent {
  package static let kind = "certificate.revoked"
  package let device: ID<Device>
  package let serial: String
  package let reason: String

  package var subject: String { device.description }
}

/// A device told of an event.
package struct DeviceEventRaised: JournalEvent {
  package static let kind = "device.event"
  package let id: ID<DeviceEvent>
  package let device: ID<Device>
  package let deviceName: DeviceName
  package let deviceKind: DeviceKind
  package let place: DevicePlace?
  /// What a person wrote on it: the only hint where a device without a room hangs. nil in entries of before.
  package var labels: [String]?
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  /// The event that says that this one is over.
  package let clearedBy: String?
  package let deviceTime: Instant
  package let receivedAt: Instant
  package let values: [String: PropertyValue]

  package var subject: String { device.description }
}

/// A device became reachable, stale or unreachable.
package struct LivenessChanged: JournalEvent {
  package static let kind = "device.liveness"
  package let device: ID<Device>
  package let from: LivenessState
  package let to: LivenessState
  package let at: Instant

  package var subject: String { device.description }
}

/// A command moved on.
package struct CommandChanged: JournalEvent {
  package static let kind = "command.changed"
  package let command: ID<Command>
  package let device: ID<Device>
  package let service: String
  package let state: Command.State
  package let version: Int64
  package let failure: Command.Failure?

  package var subject: String { command.description }

  init(_ command: Command) {
    self.command = command.id
    device = command.device
    service = command.service
    state = command.state
    version = command.version
    failure = command.failure
  }
}

/// A twin's desired part changed.
package struct TwinDesired: JournalEvent {
  package static let kind = "twin.desired"
  package let device: ID<Device>
  package let version: Int64

  package var subject: String { device.description }
}

/// A device reported its part of the twin.
package struct TwinReported: JournalEvent {
  package static let kind = "twin.reported"
  package let device: ID<Device>
  package let version: Int64
  /// Whether something desired is still not reported.
  package let differs: Bool

  package var subject: String { device.description }
}

/// Something that a device said was not taken; the list of rejected readings says what.
package struct ReadingRejected: JournalEvent {
  package static let kind = "reading.rejected"
  package let device: ID<Device>
  package let channel: String
  /// Of the first part.
  package let reason: String
  package let count: Int

  package var subject: String { device.description }
}

/// An organisation loaded a thing model.
package struct ThingModelLoaded: JournalEvent {
  package static let kind = "model.loaded"
  package let model: String
  package let version: Int

  package var subject: String { "\(model)@\(version)" }
}
