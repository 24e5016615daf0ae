import CLinux
import Foundation

/// Asks whether an operation's time depends on its data, after Reparaz, Balasch and Verbauwhede, "Dude, is my code
/// constant time?" (2017): one class of fixed data, one of random data, in random order; Welch's t between the two,
/// over all measurements and over those below each of a hundred percentiles, because the slowest are the machine's.
struct TimingTest {
  /// Above this a dependence is taken for proven, as the paper's tool does.
  static let limit = 10.0
  private static let percentiles = 100
  private static let batch = 2_000

  let measurements: Int

  static let heading = "| what | class 0 | class 1 | greatest t | verdict |\n|---|---|---|---|---|"

  struct Outcome {
    let item: TimingCase
    let t: Double

    var isDependent: Bool { t > TimingTest.limit }
    var isExpected: Bool { isDependent == item.isLeaky }

    var line: String {
      let verdict = isDependent ? "depends on its data" : "no dependence found"
      let mark = item.isLeaky ? " (made to; must be found)" : isExpected ? "" : " **LEAK**"
      return "| \(item.name) | \(item.classes.0) | \(item.classes.1) "
        + "| \(String(format: "%.2f", t)) | \(verdict)\(isExpected || !item.isLeaky ? mark : " **NOT FOUND**") |"
    }
  }

  func run(_ item: TimingCase) -> Outcome {
    var noise = FastNoise(state: 0x9e37_79b9_7f4a_7c15)
    var tests = [Welch](repeating: Welch(), count: Self.percentiles + 1)
    var limits: [UInt64]?
    var done = 0
    while done < measurements {
      let isFirst = limits == nil
      let (classes, times) = measure(item, &noise)
      let bounds = limits ?? Self.bounds(times)
      limits = bounds
      // The first batch warms the caches and finds the percentiles.
      if isFirst { continue }
      for (kind, time) in zip(classes, times) {
        tests[Self.percentiles].add(kind, Double(time))
        for (index, bound) in bounds.enumerated() where time < bound { tests[index].add(kind, Double(time)) }
      }
      done += times.count
    }
    return Outcome(item: item, t: tests.map(\.t).max() ?? 0)
  }

  /// Inputs of both classes lie ready in one array before the first is measured.
  private func measure(_ item: TimingCase, _ noise: inout FastNoise) -> (classes: [Int], times: [UInt64]) {
    let classes = (0..<Self.batch).map { _ in Int(noise.next() >> 63) }
    var inputs = [UInt8](repeating: 0, count: Self.batch * item.byteCount)
    for (index, kind) in classes.enumerated() {
      let place = index * item.byteCount..<(index + 1) * item.byteCount
      if kind == 0 {
        inputs.replaceSubrange(place, with: item.fixed)
      } else {
        for byte in place { inputs[byte] = UInt8(truncatingIfNeeded: noise.next() >> 32) }
      }
    }
    var times = [UInt64](repeating: 0, count: Self.batch)
    inputs.withUnsafeBufferPointer { inputs in
      guard let start = inputs.baseAddress else { return }
      for index in 0..<Self.batch {
        let begin = anju_cycles()
        item.body(start + index * item.byteCount)
        times[index] = anju_cycles() - begin
      }
    }
    return (classes, times)
  }

  /// The paper's percentiles: closer and closer to the whole.
  private static func bounds(_ times: [UInt64]) -> [UInt64] {
    let sorted = times.sorted()
    return (1...percentiles).map { index in
      let part = 1 - pow(0.5, 10 * Double(index) / Double(percentiles))
      return sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
    }
  }
}

/// Welch's t of two classes, in one pass (Welford).
struct Welch {
  private var count = (0.0, 0.0)
  private var mean = (0.0, 0.0)
  private var squares = (0.0, 0.0)

  mutating func add(_ kind: Int, _ value: Double) {
    if kind == 0 {
      count.0 += 1
      let difference = value - mean.0
      mean.0 += difference / count.0
      squares.0 += difference * (value - mean.0)
    } else {
      count.1 += 1
      let difference = value - mean.1
      mean.1 += difference / count.1
      squares.1 += difference * (value - mean.1)
    }
  }

  /// Its size; 0 below the number of measurements at which it means something.
  var t: Double {
    guard count.0 > 5_000, count.1 > 5_000 else { return 0 }
    let spread = squares.0 / (count.0 - 1) / count.0 + squares.1 / (count.1 - 1) / count.1
    return spread > 0 ? abs(mean.0 - mean.1) / spread.squareRoot() : 0
  }
}

/// Numbers fast enough to fill inputs with (SplitMix64).
struct FastNoise {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
