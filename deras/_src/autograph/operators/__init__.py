"""What converted code calls: `ag__.if_stmt`, `ag__.while_stmt` and so on.

`conditionals.py` and `loops.py` decide between Python and a staged branch or loop; what stages
them is in `staged_if.py`, `staged_loop.py`. `places.py` reads and sets the user's names,
`logic.py` has `and`, `or`, comparisons, `builtin_functions.py` what `len`, `range` and others do
on tensors.
"""

from deras._src.autograph.operators.assertions import assertion as assertion
from deras._src.autograph.operators.conditionals import if_exp as if_exp
from deras._src.autograph.operators.conditionals import if_stmt as if_stmt
from deras._src.autograph.operators.logic import and_ as and_
from deras._src.autograph.operators.logic import chain as chain
from deras._src.autograph.operators.logic import in_ as in_
from deras._src.autograph.operators.logic import not_ as not_
from deras._src.autograph.operators.logic import not_in as not_in
from deras._src.autograph.operators.logic import or_ as or_
from deras._src.autograph.operators.loops import for_stmt as for_stmt
from deras._src.autograph.operators.loops import loop_options as loop_options
from deras._src.autograph.operators.loops import while_stmt as while_stmt
from deras._src.autograph.operators.places import Binding as Binding
