package import Kernel

/// An order to one device, as a record (指令): what was asked, what is known of it, and nothing more.
package struct Command: Sendable, Hashable, Codable {
  package let id: ID<Command>
  package let device: ID<Device>
  package let service: String
  package let arguments: [String: PropertyValue]
  package let dangerous: Bool
  /// Given by the caller; a second command with the same key is the first one.
  package let idempotencyKey: String?
  package let issuedBy: String
  package let issuedAt: Instant
  package let deadline: Instant
  package internal(set) var state: State
  /// Times it was handed to a connection.
  package internal(set) var attempts: Int
  package internal(set) var sentAt: Instant?
  /// The device said that it has it.
  package internal(set) var receivedAt: Instant?
  /// The device said that it is done.
  package internal(set) var doneAt: Instant?
  /// Nothing more is expected since.
  package internal(set) var endedAt: Instant?
  /// Until when the read-back must show the effect.
  package internal(set) var verifyBy: Instant?
  /// What the device answered.
  package internal(set) var result: [String: PropertyValue]
  package internal(set) var failure: Failure?
  /// Grows with each change.
  package internal(set) var version: Int64

  /// How far a command has come; it never goes back.
  package enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// Waits for the device to connect (已下发, not yet out).
    case queued
    /// Handed to the device's connection.
    case sent
    /// The device said that it has it (设备已收到).
    case received
    /// The device said that it is done; final where the model has no read-back.
    case done
    /// The read-back shows the effect.
    case verified
    /// The device could not, or the read-back shows something else.
    case failed
    /// The device would not.
    case refused
    /// Its deadline passed without an answer.
    case expired
  }

  /// Why a command did not come about.
  package struct Failure: Sendable, Hashable, Codable {
    /// The device's code, or ours: `readBack.notSeen`, `deadline.passed`, `device.decommissioned`.
    package let code: String
    package let message: String

    package init(code: String, message: String) {
      self.code = code
      self.message = message
    }
  }

  init(
    id: ID<Command>, device: ID<Device>, service: String, arguments: [String: PropertyValue], dangerous: Bool,
    idempotencyKey: String?, issuedBy: String, issuedAt: Instant, deadline: Instant, state: State, attempts: Int,
    sentAt: Instant? = nil, receivedAt: Instant? = nil, doneAt: Instant? = nil, endedAt: Instant? = nil,
    verifyBy: Instant? = nil, result: [String: PropertyValue], failure: Failure? = nil, version: Int64
  ) {
    self.id = id
    self.device = device
    self.service = service
    self.arguments = arguments
    self.dangerous = dangerous
    self.idempotencyKey = idempotencyKey
    self.issuedBy = issuedBy
    self.issuedAt = issuedAt
    self.deadline = deadline
    self.state = state
    self.attempts = attempts
    self.sentAt = sentAt
    self.receivedAt = receivedAt
    self.doneAt = doneAt
    self.endedAt = endedAt
    self.verifyBy = verifyBy
    self.result = result
    self.failure = failure
    self.version = version
  }

  /// Nothing more is expected.
  package var ended: Bool { endedAt != nil }
}

/// What a caller asks of a device.
package struct NewCommand: Sendable, Hashable {
  package let device: ID<Device>
  package let service: String
  package let arguments: [String: PropertyValue]
  /// 1 to 128 characters; kept for the organisation for 24 hours at least.
  package let idempotencyKey: String?
  /// nil: the model's; 1 to 604,800.
  package let deadlineSeconds: Int?

  package init(
    device: ID<Device>, service: String, arguments: [String: PropertyValue] = [:], idempotencyKey: String? = nil,
    deadlineSeconds: Int? = nil
  ) {
    self.device = device
    self.service = service
    self.arguments = arguments
    self.idempotencyKey = idempotencyKey
    self.deadlineSeconds = deadlineSeconds
  }
}

/// Which commands to list, newest first.
package struct CommandQuery: Sendable, Hashable {
  package var device: ID<Device>?
  package var states: Set<Command.State>
  package var page: PageRequest

  package init(device: ID<Device>? = nil, states: Set<Command.State> = [], page: PageRequest = PageRequest()) {
    self.device = device
    self.states = states
    self.page = page
  }
}
