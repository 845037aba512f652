"""Allowed ONNX operators: those whose memory is known before the model sees any sound.

A network's memory and time follow from the shapes inside it. If every shape follows from the shape of the input alone,
then one run tells what all later ones take, whatever the sound; `irec_live.models.sandbox` does that run, in limits.
A single operator whose size is given by a value, such as Range, could take gigabytes at the first loud sound after a
test run in silence. So a graph must meet two conditions:

* it has only operators whose output's shape is known here to follow from the shapes of the inputs, from attributes, and
  from the values of certain inputs;
* those certain inputs do not come from the sound. What does is followed through the graph: from the input through every
  operator, but not through Shape and Size, whose results are the same for every sound.

The other way is a process with limits for the model's whole life. It costs every hop a copy to and fro and two changes
of process, stops at the first system without such limits, and ends the model instead of refusing it.

References
----------
ONNX, *Operators*; ONNX Runtime, *Contrib operators*.
"""

from __future__ import annotations

ONNX, ML, CONTRIB = "", "ai.onnx.ml", "com.microsoft"

REFUSED_OPERATORS = {
    "Loop": "it may never end",
    "EPContext": "it loads a compiled program from elsewhere",
}

SHAPE_TELLERS = frozenset({"Shape", "Size"})
"""Their values are the same for every sound."""

CHANCE = frozenset({"Dropout"})
"""Their values may differ from run to run, even if no input does."""

_BY_SHAPE = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization BitShift
    BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Concat Constant Conv ConvInteger
    ConvTranspose Cos Cosh CumProd CumSum DeformConv DepthToSpace DequantizeLinear Det Div Dropout
    DynamicQuantizeLinear Einsum Elu Equal Erf Exp EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm
    GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid
    HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual
    Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod
    Mul Neg Not Or PRelu Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Reciprocal Relu
    ReverseSequence RotaryEmbedding Round Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign
    SimplifiedLayerNormalization Sin Sinh Size Softmax Softplus Softsign SpaceToDepth Sqrt Sub Sum Swish Tan Tanh
    ThresholdedRelu Transpose Trilu Where Xor
"""

_BY_VALUE: dict[str, tuple[int, ...]] = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "Compress": (1,),
    "ConstantOfShape": (0,),
    "DFT": (1, 2),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "If": (0,),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "NonZero": (0,),
    "OneHot": (1,),
    "Pad": (1, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "STFT": (1, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1, 2),
    "TopK": (1,),
    "Unique": (0,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}
_REDUCING = """
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
"""

_ML = """
    ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer
    OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor
"""
_CONTRIB = """
    BiasGelu DequantizeLinear DynamicQuantizeLSTM DynamicQuantizeMatMul FastGelu FusedConv FusedGemm FusedMatMul Gelu
    LayerNormalization MatMulIntegerToFloat MatMulNBits NhwcConv NhwcFusedConv NhwcMaxPool QGemm QLinearAdd
    QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean
    QLinearSigmoid QLinearSoftmax QLinearWhere QuantizeLinear QuickGelu SimplifiedLayerNormalization
    SkipLayerNormalization SkipSimplifiedLayerNormalization
"""

SIZES: dict[tuple[str, str], tuple[int, ...]] = {
    **{(ONNX, operator): () for operator in _BY_SHAPE.split()},
    **{(ONNX, operator): (1,) for operator in _REDUCING.split()},
    **{(ONNX, operator): sizes for operator, sizes in _BY_VALUE.items()},
    **{(ML, operator): () for operator in _ML.split()},
    **{(CONTRIB, operator): () for operator in _CONTRIB.split()},
}
"""By domain and name: which inputs' values the output's shape follows from. What is not here is refused."""


class Values:
    """The values of a graph, and whether they can differ from one sound to the next.

    Names are given once in a graph, and an inner graph sees those of the outer ones. A name that stands for two values
    counts as varying if one of them is, and a name that nobody gave as well.

    Parameters
    ----------
    outer : Values, optional
        Of the graph around this one.

    Examples
    --------
    >>> outer = Values()
    >>> outer.add("audio", varies=True)
    >>> outer.add("weights", varies=False)
    >>> inner = Values(outer)
    >>> [inner.varies(name) for name in ("audio", "weights", "", "unknown")]
    [True, False, False, True]
    """

    def __init__(self, outer: Values | None = None) -> None:
        self._outer = outer
        self._varying: set[str] = set()
        self._fixed: set[str] = set()

    def add(self, name: str, *, varies: bool) -> None:
        """A value that is given in this graph."""
        (self._varying if varies else self._fixed).add(name)

    def varies(self, name: str) -> bool:
        """Whether a value depends on the model's input; one that is left out (no name) does not."""
        if not name:
            return False
        known = False
        graph: Values | None = self
        while graph is not None:
            if name in graph._varying:
                return True
            known = known or name in graph._fixed
            graph = graph._outer
        return not known
