import Kernel
import Logging
import SecureElement
import ServiceLifecycle
import VirtualBuilding

/// The keys of the virtual building: runs the elements that hold them and, after a first start, gives the devices their
/// keys behind the running platform. Until a device has its key it works without, as the protocol allows.
///
/// A factory that is cut off, by a kill too, goes on at the next start.
struct BuildingKeys: Service {
  let elements: ElementProcess
  let factory: VirtualFactory
  /// In whose name the factory works.
  let platform: Principal
  /// Ends when the pages can be reached: nothing of this holds up the start.
  let opened: AsyncStream<Void>
  let logger: Logger

  /// Before the factory is tried again, seconds: doubled each time.
  private static let restSecondsRange = 5...600

  /// The elements of a building whose devices all have their keys; it needs them from its first connection on.
  func begin() {
    guard factory.isDone else { return }
    _ = elements.start(factory.plan.devicesWithKeys)
  }

  func run() async throws {
    guard !factory.isDone else { return try await elements.run() }
    await cancelWhenGracefulShutdown {
      for await _ in opened {}
    }
    guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
    guard elements.start(factory.plan.devicesWithKeys) else {
      // Said why. The platform goes on without them.
      try? await gracefulShutdown()
      return
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await elements.run() }
      group.addTask { await cancelWhenGracefulShutdown { await work() } }
      try await group.waitForAll()
    }
  }

  /// Until every device has its key.
  private func work() async {
    guard await elements.isReady() else { return }
    let clock = ContinuousClock()
    let begun = clock.now
    logger.notice(
      "the virtual building's devices get their keys", metadata: ["devices.count": "\(factory.missingCount)"])
    var restSeconds = Self.restSecondsRange.lowerBound
    while !factory.isDone {
      do {
        try await factory.equip(ElementRackLink(socket: elements.socket), by: platform)
      } catch {
        guard !Task.isCancelled else { return }
        logger.warning(
          "the virtual building's devices get their keys later",
          metadata: [
            "error": "\(error)", "devices.count": "\(factory.missingCount)", "retry.seconds": "\(restSeconds)",
          ])
      }
      guard !factory.isDone else { break }
      do { try await Task.sleep(for: .seconds(restSeconds)) } catch { return }
      restSeconds = min(Self.restSecondsRange.upperBound, restSeconds * 2)
    }
    let seconds = begun.duration(to: clock.now).components.seconds
    logger.notice("the virtual building's devices have their keys", metadata: ["took.seconds": "\(seconds)"])
  }
}
