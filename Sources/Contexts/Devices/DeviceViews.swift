package import Estate
package import Kernel

/// One line of the list of devices.
package struct DeviceSummary: Sendable, Hashable {
  package let device: Device
  package let modelName: LocalName
  package let liveness: LivenessView
}

/// All of one device but its data.
package struct DeviceDetail: Sendable, Hashable {
  package let device: Device
  package let model: ThingModel
  package let liveness: LivenessView
  /// What its last `hello` said.
  package let hello: DeviceHello?
  package let gatewayName: DeviceName?
  /// Those it brings, when it is a gateway: at most 256 here; the list has them all.
  package let subDevices: [DeviceName]
  package let certificates: [DeviceCertificate]
  /// Approvals that its model requires and the registry does not hold, or holds past their last day.
  package let missingApprovals: [String]
}

/// What a device said of itself when it last started.
package struct DeviceHello: Sendable, Hashable, Codable {
  package let boot: Int64
  package let firmware: String
  package let modelVersion: Int
  package let at: Instant
}

/// Whether a device can be reached, and whether what it said is fresh: two different things.
package struct LivenessView: Sendable, Hashable {
  package let state: LivenessState
  /// When it became so.
  package let since: Instant?
  package let lastMessageAt: Instant?
  package let connected: Bool
}

/// Whether a device is heard of.
package enum LivenessState: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing was ever heard of it.
  case unseen
  case online
  /// It missed its report: what is shown is old.
  case stale
  /// It cannot be reached.
  case offline
}

/// What to list.
package struct DeviceQuery: Sendable, Hashable {
  /// A part of the name or of a label, without regard to case; nil or empty for all. At most 100 characters.
  package var text: String?
  package var kinds: Set<DeviceKind>
  package var statuses: Set<DeviceStatus>
  package var liveness: Set<LivenessState>
  package var building: ID<Building>?
  package var room: ID<Room>?
  package var gateway: ID<Device>?
  package var page: PageRequest

  /// - Parameter statuses: empty for all but the decommissioned.
  package init(
    text: String? = nil, kinds: Set<DeviceKind> = [], statuses: Set<DeviceStatus> = [],
    liveness: Set<LivenessState> = [], building: ID<Building>? = nil, room: ID<Room>? = nil,
    gateway: ID<Device>? = nil, page: PageRequest = PageRequest()
  ) {
    self.text = text
    self.kinds = kinds
    self.statuses = statuses
    self.liveness = liveness
    self.building = building
    self.room = room
    self.gateway = gateway
    self.page = page
  }
}

/// How many devices there are of each kind and state: the tiles of a page.
package struct DeviceCounts: Sendable, Hashable {
  /// How many devices of one kind are in one state.
  package struct Line: Sendable, Hashable {
    package let kind: DeviceKind
    package let liveness: LivenessState
    package let count: Int
  }

  package let lines: [Line]
}
