/// One metric of one device in `history.db`: the device's number above the metric's.
///
/// Metrics are numbered by name and not by their place in a model, so that a model's next version may order them anew.
struct SeriesID: Hashable, Comparable, Sendable {
  let value: Int64

  init(value: Int64) { self.value = value }

  init(device: DeviceNumber, metric: UInt16) {
    value = Int64(device.value) << 16 | Int64(metric)
  }

  static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
