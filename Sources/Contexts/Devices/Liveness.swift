import Kernel

/// What is known of one device's being there, and the rule that makes a state of it.
struct Liveness: Sendable, Hashable {
  var state = LivenessState.unseen
  var since: Instant?
  var lastMessageAt: Instant?
  var isConnected = false
  /// When it connected, or when its last connection ended.
  var connectionChangedAt: Instant?

  /// The last sign of life: a message, or connecting.
  private var lastHeardAt: Instant? {
    guard isConnected, let connectionChangedAt else { return lastMessageAt }
    return max(lastMessageAt ?? connectionChangedAt, connectionChangedAt)
  }

  /// The state by the model's contract, and when it must be looked at again if nothing is heard; nil for never.
  ///
  /// Stale says that what is shown is old, offline that the device cannot be reached.
  func judged(by contract: LivenessContract, at now: Instant) -> (state: LivenessState, due: Instant?) {
    guard let heard = lastHeardAt ?? connectionChangedAt else { return (.unseen, nil) }
    let stale = heard.advanced(by: .seconds(contract.staleAfterSeconds))
    switch contract.connection {
    case .permanent:
      if isConnected { return now < stale ? (.online, stale) : (.stale, nil) }
      let offline = (connectionChangedAt ?? heard).advanced(by: .seconds(contract.offlineAfterSeconds))
      if now >= offline { return (.offline, nil) }
      return now < stale ? (.online, min(stale, offline)) : (.stale, offline)
    case .periodic:
      let offline = heard.advanced(by: .seconds(contract.offlineAfterSeconds))
      if now < stale { return (.online, stale) }
      return now < offline ? (.stale, offline) : (.offline, nil)
    }
  }

  /// - Returns: whether the state changed.
  mutating func move(to state: LivenessState, at now: Instant) -> Bool {
    guard state != self.state else { return false }
    self.state = state
    since = now
    return true
  }

  var view: LivenessView {
    LivenessView(state: state, since: since, lastMessageAt: lastMessageAt, connected: isConnected)
  }
}
