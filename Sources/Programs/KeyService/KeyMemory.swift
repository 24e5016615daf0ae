import Guomi
import Kernel
import Synchronization
import Vault

/// Unwrapped keys while the key service is open; all wiped when it is sealed.
final class KeyMemory: Sendable {
  /// The most keys; beyond, all are forgotten and unwrapped anew when asked for.
  static let keysMax = 10_000

  private struct State {
    var keys: [ID<DataKey>: SecretBytes] = [:]
    var sm4: [ID<KEK>: SecretBytes] = [:]
  }

  private let state = Mutex(State())

  func key(_ id: ID<DataKey>) -> SecretBytes? { state.withLock { $0.keys[id] } }
  func sm4(_ id: ID<KEK>) -> SecretBytes? { state.withLock { $0.sm4[id] } }

  func put(_ id: ID<DataKey>, _ key: SecretBytes) {
    state.withLock { state in
      if state.keys.count >= Self.keysMax { state.keys = [:] }
      state.keys[id] = key
    }
  }

  func putSM4(_ id: ID<KEK>, _ key: SecretBytes) {
    state.withLock { state in
      if state.sm4.count >= Self.keysMax { state.sm4 = [:] }
      state.sm4[id] = key
    }
  }

  func forget(_ id: ID<DataKey>) { state.withLock { $0.keys[id] = nil } }
  func forgetAll() { state.withLock { $0 = State() } }
}
