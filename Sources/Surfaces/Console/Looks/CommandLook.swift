import Devices

/// The way of a command, step by step, as far as it is known and no further.
struct CommandLook: Sendable {
  struct Step: Sendable, Equatable {
    /// The key of its words.
    let key: String
    /// `ok`, `now`, `bad` or empty for one that is still to come.
    let tone: String
  }

  let steps: [Step]
  /// The style of the state's tag.
  let tone: String

  init(_ command: Command, hasReadBack: Bool = true) {
    switch command.state {
    case .verified: tone = "tag-ok"
    case .done: tone = hasReadBack ? "tag-info" : "tag-ok"
    case .failed, .refused: tone = "tag-bad"
    case .expired: tone = "tag-warn"
    case .queued, .sent, .received: tone = "tag-info"
    }
    var steps = [
      Step(key: "queued", tone: command.state == .queued ? "now" : "ok"),
      Step(key: "sent", tone: command.sentAt == nil ? "" : command.state == .sent ? "now" : "ok"),
      Step(key: "received", tone: command.receivedAt == nil ? "" : command.state == .received ? "now" : "ok"),
    ]
    switch command.state {
    case .failed, .refused, .expired:
      steps = steps.filter { $0.tone == "ok" }
      steps.append(Step(key: command.state.rawValue, tone: "bad"))
    default:
      let isDone = command.doneAt != nil || command.state == .verified
      steps.append(
        Step(key: "done", tone: !isDone ? "" : command.state == .done && hasReadBack ? "now" : "ok"))
      if hasReadBack { steps.append(Step(key: "verified", tone: command.state == .verified ? "ok" : "")) }
    }
    self.steps = steps
  }
}
