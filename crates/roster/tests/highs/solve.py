"""Integer programmes through HiGHS, and what it proves.

Reads lines `FILE MODE NAME...`: a programme in LP format and the variables to minimise, one after another.

In mode `order` each is minimised over whole numbers and held at its minimum before the next one is. In mode
`bound` a NAME is `name:most`: it is minimised over numbers of every kind, which no roster of whole people can
be below, and then held at `most` at the most. That takes as many steps on a slow machine as on a fast one.

Prints a line for each FILE: the minimum of each NAME.
"""
import sys
import highspy


def minimised(solver, column):
    solver.changeColCost(column, 1.0)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal, (column, solver.getModelStatus())
    least = solver.getInfo().objective_function_value
    solver.changeColCost(column, 0.0)
    return least


def main():
    for line in sys.stdin:
        file, mode, *names = line.split()
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("solve_relaxation", mode == "bound")
        if mode == "order":
            # With it 1.15.1 takes one of the programmes here for one without a solution.
            solver.setOptionValue("presolve", "off")
        assert solver.readModel(file) == highspy.HighsStatus.kOk, file
        said = []
        for name in names:
            name, _, most = name.partition(":")
            _, column = solver.getColByName(name)
            least = minimised(solver, column)
            said.append(f"{least:.3f}")
            solver.changeColBounds(column, 0.0, float(most) if most else round(least))
        print(" ".join(said), flush=True)


main()
