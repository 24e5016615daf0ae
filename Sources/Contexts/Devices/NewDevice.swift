package import Estate
package import Kernel

/// What is told of a device when it is registered.
package struct NewDevice: Sendable, Hashable {
  package let name: String
  package let model: String
  /// nil: the newest version.
  package let modelVersion: Int?
  package let room: ID<Room>?
  /// The name of the device that brings it.
  package let gateway: String?
  package let labels: [String]
  package let approvals: [ApprovalCertificate]

  package init(
    name: String, model: String, modelVersion: Int? = nil, room: ID<Room>? = nil, gateway: String? = nil,
    labels: [String] = [], approvals: [ApprovalCertificate] = []
  ) {
    self.name = name
    self.model = model
    self.modelVersion = modelVersion
    self.room = room
    self.gateway = gateway
    self.labels = labels
    self.approvals = approvals
  }
}

/// What is changed of a device; nil leaves as it is.
package struct DeviceChange: Sendable, Hashable {
  /// `.some(nil)` takes the device out of its room.
  package var room: ID<Room>??
  package var labels: [String]?
  package var approvals: [ApprovalCertificate]?
  package var modelVersion: Int?

  package init(
    room: ID<Room>?? = nil, labels: [String]? = nil, approvals: [ApprovalCertificate]? = nil,
    modelVersion: Int? = nil
  ) {
    self.room = room
    self.labels = labels
    self.approvals = approvals
    self.modelVersion = modelVersion
  }
}

/// What became of each line of a registration file.
package struct BatchReport: Sendable, Hashable {
  /// One line of the file, and what became of it.
  package struct Line: Sendable, Hashable {
    /// As an editor counts, the heading is 1.
    package let line: Int
    package let name: String
    package let outcome: Outcome
  }

  /// What became of a line.
  package enum Outcome: Sendable, Hashable {
    case registered(ID<Device>)
    /// The same device, owned by the same organisation, was there.
    case unchanged(ID<Device>)
    case refused(code: String, reason: String)
  }

  package let lines: [Line]

  package var registered: Int { count { if case .registered = $0 { true } else { false } } }
  package var unchanged: Int { count { if case .unchanged = $0 { true } else { false } } }
  package var refused: Int { count { if case .refused = $0 { true } else { false } } }

  private func count(_ matches: (Outcome) -> Bool) -> Int {
    lines.reduce(0) { $0 + (matches($1.outcome) ? 1 : 0) }
  }
}
