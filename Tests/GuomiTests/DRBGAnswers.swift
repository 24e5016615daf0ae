/// What Tests/GuomiTests/Peers/sm2.py computes for the generator from SP 800-90A over another SM3.
enum DRBGAnswers {
  static let first = """
    c7311136c516c1f3b43666bf940498ef142b1209b0275d15279baf40aa530ac74a5e04cf072cf34f\
    5c2df5287b377c0bd1e0ef04586de8245bd6de17c0ffc02ae04ac37a3ebf
    """
  static let additional = """
    83be0d59bbca130c2b023bcf583d8fc6ffe837a2696e1c3366a7d113fdb0569bfd
    """
  static let reseeded = """
    917be22e63ec09c851e8dec7f8a84487099e57b45a153b173bf0c797210bb031
    """
}
