import Glibc

/// The discrete Fourier transform of any length, fast where the length has small factors (10^6 = 2^6 × 5^6).
enum Fourier {
  /// The squared magnitude of each frequency.
  static func powers(_ values: [Double]) -> [Double] {
    let count = values.count
    // e^(-2πi k/n) for every k: each a call of its own, so that errors do not add up.
    let turns = (0..<count).map { index in
      let angle = -2 * Double.pi * Double(index) / Double(count)
      return (cos(angle), sin(angle))
    }
    var output = [(Double, Double)](repeating: (0, 0), count: count)
    output.withUnsafeMutableBufferPointer { output in
      values.withUnsafeBufferPointer { values in
        turns.withUnsafeBufferPointer { turns in
          Transform(values: values, turns: turns).run(from: 0, step: 1, into: output)
        }
      }
    }
    return output.map { $0.0 * $0.0 + $0.1 * $0.1 }
  }

  /// Decimation in time: a transform of n = p × m is p transforms of m, each of every p-th value, then m of p.
  private struct Transform {
    let values: UnsafeBufferPointer<Double>
    let turns: UnsafeBufferPointer<(Double, Double)>

    func run(from start: Int, step: Int, into output: UnsafeMutableBufferPointer<(Double, Double)>) {
      let count = output.count
      guard count > 1 else {
        if count == 1 { output[0] = (values[start], 0) }
        return
      }
      let factor = Self.smallestFactor(count)
      let part = count / factor
      for index in 0..<factor {
        run(
          from: start + index * step, step: step * factor,
          into: UnsafeMutableBufferPointer(rebasing: output[index * part..<(index + 1) * part]))
      }
      combine(output, factor: factor, part: part, step: step)
    }

    private func combine(
      _ output: UnsafeMutableBufferPointer<(Double, Double)>, factor: Int, part: Int, step: Int
    ) {
      let count = output.count
      withUnsafeTemporaryAllocation(of: (Double, Double).self, capacity: factor) { old in
        for position in 0..<part {
          for index in 0..<factor { old[index] = output[position + index * part] }
          for index in 0..<factor {
            let frequency = position + index * part
            var (real, imaginary) = old[0]
            var turn = 0
            for other in 1..<factor {
              turn += frequency
              if turn >= count { turn -= count }
              let (c, s) = turns[turn * step]
              real += old[other].0 * c - old[other].1 * s
              imaginary += old[other].0 * s + old[other].1 * c
            }
            output[frequency] = (real, imaginary)
          }
        }
      }
    }

    private static func smallestFactor(_ count: Int) -> Int {
      var factor = 2
      while factor * factor <= count {
        if count.isMultiple(of: factor) { return factor }
        factor += 1
      }
      return count
    }
  }
}
