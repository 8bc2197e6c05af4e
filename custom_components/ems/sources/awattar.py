class AwattarClient: pass
