import SecureElement

extension KeyQuestion {
  /// Asks the holder of the keys.
  func asked(of keys: any DeviceKeys) async -> KeyMachine.Answer {
    do throws(SecureElementError) {
      switch self {
      case .agreement(let ask): return try await Self.asked(ask, of: keys)
      case .unprotect(let session, let message, _):
        return .message(try await keys.unprotect(message, context: Self.down, session: session))
      case .protect(let session, let entry):
        return .message(try await keys.protect(entry.payload, context: Self.up, session: session))
      }
    } catch {
      if error == .missing || error == .unavailable || error == .wornOut { return .gone }
      return .failed
    }
  }

  private static func asked(
    _ ask: KeyMachine.Ask, of keys: any DeviceKeys
  ) async throws(SecureElementError) -> KeyMachine.Answer {
    switch ask {
    case .offer(let isEphemeral):
      let offer = try await keys.offerSession(isEphemeral: isEphemeral)
      return .offer(number: offer.number, message: offer.message)
    case .finishSession(let number, let answer): return .message(try await keys.finishSession(number, answer: answer))
    case .beginRenewal(let start): return .message(try await keys.beginRenewal(epochStart: start))
    case .finishRenewal(let answer): return .message(try await keys.finishRenewal(answer))
    case .end(let number):
      try await keys.endSession(number)
      return .message([])
    }
  }
}
