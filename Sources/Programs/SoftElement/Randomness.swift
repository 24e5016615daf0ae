package import Guomi
import RandomTests
package import SecureElement
import Synchronization

/// The element's random generator with all that watches it: known answers and continuous tests in the generator itself,
/// statistical checks here.
///
/// A check that fails is repeated once; when it fails again there is an alarm, and nothing is given before a check
/// passes. After `alarmsMax` alarms running nothing is given any more in the life of the process. A perfect source
/// fails a periodic check about every fifth time, so it raises an alarm about every thirtieth; that the next check
/// follows at once keeps such an alarm short, and five running come less often than once in 10^7 checks.
/// - Source: clause 9.5.3; GM/T 0062-2018, class E.
package final class Randomness: Sendable {
  /// Alarms running after which it stays shut.
  package static let alarmsMax = 5

  private struct State {
    var randomness = ElementHealth.Randomness.good
    var alarms: UInt32 = 0
    var alarmsRunning = 0
    var checksPassed: UInt32 = 0
    var powerOnSamplesDone: UInt8 = 0
  }

  private let raw: RandomSource
  private let state = Mutex(State())

  /// - Parameter entropy: in programs `RandomSource.operatingSystem`.
  /// - Throws: `.randomness` when the generator or the entropy fails its tests.
  package init(entropy: RandomSource) throws(SecureElementError) {
    do throws(RandomFailure) {
      raw = try HashDRBG(entropy: entropy, personalization: Array("anju-element".utf8)).source
    } catch {
      throw .randomness
    }
  }

  /// In place of the generator: for tests of what happens when it gives bad numbers.
  init(unchecked: RandomSource) { raw = unchecked }

  var isGood: Bool { state.withLock { $0.randomness == .good } }

  private var isLatched: Bool { state.withLock { $0.randomness == .latched } }

  /// What everything in the element draws from.
  package var source: RandomSource {
    RandomSource { (buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      guard self.isGood else { throw RandomFailure(reason: "an alarm is on") }
      do throws(RandomFailure) {
        try self.raw.fill(buffer)
      } catch {
        // The generator has found its entropy wanting: it does not recover.
        self.state.withLock { $0.randomness = .latched }
        throw error
      }
    }
  }

  /// Runs the periodic check, and again when it fails.
  ///
  /// - Returns: whether it passed.
  @discardableResult
  package func checkPeriodically() -> Bool { settle(run(.periodic) || run(.periodic)) }

  /// Runs periodic checks until one passes or the generator is shut for good.
  ///
  /// - Returns: whether it may be used.
  @discardableResult
  package func checkUntilSettled() -> Bool {
    while !checkPeriodically(), !isLatched {}
    return isGood
  }

  /// Runs the power-on check until it passes or the generator is shut for good.
  ///
  /// - Parameter goesOn: asked before each sample; false gives up without a verdict.
  /// - Returns: whether the generator may be used; nil when given up.
  @discardableResult
  package func checkAtPowerOn(goesOn: () -> Bool) -> Bool? {
    repeat {
      guard var hasPassed = runAtPowerOn(goesOn) else { return nil }
      if !hasPassed {
        guard let second = runAtPowerOn(goesOn) else { return nil }
        hasPassed = second
      }
      if settle(hasPassed) { return isGood }
    } while !isLatched
    return false
  }

  private func runAtPowerOn(_ goesOn: () -> Bool) -> Bool? {
    var check = RandomCheck(.powerOn)
    while check.verdict == nil {
      guard goesOn() else { return nil }
      guard let sample = try? raw.bytes(check.extent.sampleByteCount) else { return false }
      check.take(sample)
      let done = UInt8(clamping: check.samplesDone)
      state.withLock { $0.powerOnSamplesDone = done }
    }
    return check.verdict == .passed
  }

  /// What is to be told; memory and confinement are the program's to fill in.
  package func health(isAllMemoryLocked: Bool, isConfined: Bool) -> ElementHealth {
    let state = state.withLock { $0 }
    return ElementHealth(
      randomness: state.randomness, alarms: state.alarms, checksPassed: state.checksPassed,
      powerOnSamplesDone: state.powerOnSamplesDone, isAllMemoryLocked: isAllMemoryLocked, isConfined: isConfined)
  }

  private func run(_ extent: RandomCheck.Extent) -> Bool {
    var check = RandomCheck(extent)
    while check.verdict == nil {
      // Taken past the alarm, which only a check that passes can end.
      guard let sample = try? raw.bytes(extent.sampleByteCount) else { return false }
      check.take(sample)
    }
    return check.verdict == .passed
  }

  private func settle(_ hasPassed: Bool) -> Bool {
    state.withLock { state in
      if hasPassed {
        state.checksPassed += 1
        state.alarmsRunning = 0
        if state.randomness == .alarm { state.randomness = .good }
      } else {
        state.alarms += 1
        state.alarmsRunning += 1
        let isFinal = state.alarmsRunning >= Self.alarmsMax || state.randomness == .latched
        state.randomness = isFinal ? .latched : .alarm
      }
    }
    return hasPassed
  }
}
